import type { CommandOutcome } from "../commands/command.ts";
import type { StepEnd } from "../model.ts";
import { failed, type StepContext, type StepKind, succeeded, textOf, warning } from "./kind.ts";

const unknownOutcome =
  "OUTCOME_UNKNOWN: the gateway died while the command ran, so nobody knows what it did; it is not run again because it is not marked rerunnable";

export const command: StepKind<"COMMAND"> = async (spec, context) => {
  const vm = spec.vm?.registeredBy ? context.resultOf(spec.vm.registeredBy) : null;
  const vmId = textOf(vm, "vmId");
  const outcome = await settleOutcome(spec.rerunnable, context, async () => {
    const status = vmId === null ? undefined : await context.vmStatus(spec.site, vmId);
    return context.runCommand({
      command: spec.command,
      arguments: spec.arguments,
      timeoutSeconds: spec.timeoutSeconds,
      site: spec.site,
      vmName: spec.vm?.name ?? null,
      vmIp: status?.ipAddresses[0] ?? null,
    });
  });
  if (outcome === null) return warning(unknownOutcome);
  const end = endOf(outcome);
  return end.status === "FAILED" && spec.continueOnFailure ? warning(end.message ?? "") : end;
};

/** Nobody knows how far it had come: its gateway died, stopped or hung. */
const isUnknown = ({ reason }: CommandOutcome): boolean => reason === "OWNER_GONE" || reason === "OWNER_SILENT";

/** The outcome of the command, run now or by an owner that died; null when nobody can know it. */
async function settleOutcome(
  rerunnable: boolean,
  context: StepContext,
  run: () => Promise<CommandOutcome>,
): Promise<CommandOutcome | null> {
  const first = await (context.resumed ? context.lostOutcome() : run());
  const settled = context.resumed ? ["EXITED", "TIMED_OUT", "NOT_STARTED"].includes(first.reason) : !isUnknown(first);
  if (settled) return first;
  if (!rerunnable) return null;
  await context.record({ nextAttempt: true, message: "Run again: its outcome got lost with the gateway, and it is rerunnable" });
  const second = await run();
  return isUnknown(second) ? null : second;
}

/** Nothing of its output stands in the message: everybody reads that, and not everybody what commands write. */
export function endOf(outcome: CommandOutcome): StepEnd {
  const result = { exitCode: outcome.exitCode, reason: outcome.reason };
  if (outcome.reason === "CANCELLED") return { status: "CANCELLED", message: "Stopped because the run was cancelled", result };
  if (outcome.reason === "EXITED" && outcome.exitCode === 0) return succeeded("Exit code 0", result);
  return failed(outcome.message, result);
}
