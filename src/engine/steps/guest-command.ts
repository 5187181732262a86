import { redact } from "../redact.ts";
import { failed, type StepKind, succeeded, vmOf } from "./kind.ts";

/** The site's own key makes it happen once, so a resumed one is watched to its end like any other effect. */
export const guestCommand: StepKind<"GUEST_COMMAND"> = async (spec, context) => {
  const vmId = vmOf(context, spec.vm);
  if (vmId === null) return failed("The machine is not registered");
  let secret: string | undefined;
  if (spec.passwordSecretId !== null) {
    try {
      secret = await context.readSecret(spec.passwordSecretId);
    } catch {
      return failed(`The secret ${spec.passwordSecretId} can't be read`);
    }
  }
  const { command, timeoutSeconds, username } = spec;
  const end = await context.effect(spec.site, "runInGuest", { vmId, command, arguments: spec.arguments, timeoutSeconds, username }, secret);
  if (!end.ok) return failed(end.message);
  const { exitCode } = end.result;
  const output = redact(end.result.output, secret === undefined ? [] : [secret])
    .replaceAll("\0", "\uFFFD")
    .slice(-65_536);
  return exitCode === 0 ? succeeded("Exit code 0", { exitCode, output }) : failed(`Exit code ${exitCode}`, { exitCode, output });
};
