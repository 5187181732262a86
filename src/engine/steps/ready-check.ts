import net from "node:net";
import { ProviderError, type VmStatus } from "../../providers/contract.ts";
import { isAbort } from "../effects.ts";
import type { StepEnd, StepResult, StepSpecs } from "../model.ts";
import { failed, type StepContext, type StepKind, succeeded, vmOf, warning } from "./kind.ts";

type Check = StepSpecs["READY_CHECK"] | StepSpecs["PROBE"];

/** Ready is what the check says; at the time-out a machine that is on is a WARNING, one that is not has FAILED. */
export const readyCheck: StepKind<"READY_CHECK"> = (spec, context) =>
  watch(spec, context, (status) => (status?.powerState === "POWERED_ON" ? warned : failed));

/** Who waits for the machine needs what it probes: a time-out is a failure. */
export const probe: StepKind<"PROBE"> = (spec, context) => watch(spec, context, () => failed);

const warned = (text: string, result?: StepResult): StepEnd => warning(`${text}; the machine is on`, result);

async function watch(
  spec: Check,
  context: StepContext,
  atTimeOut: (status: VmStatus | undefined) => (text: string, result?: StepResult) => StepEnd,
): Promise<StepEnd> {
  const vmId = vmOf(context, spec.vm);
  if (vmId === null) return failed("The machine is not registered");
  let status: VmStatus | undefined;
  const leftMs = () => context.remainingMs() ?? Number.POSITIVE_INFINITY;
  const isEnough = (seen: VmStatus | undefined): boolean => {
    status = seen ?? status;
    return context.signal.aborted || leftMs() <= 0 || (status !== undefined && mayBeReady(spec, status));
  };
  for (let ask = () => context.vmStatus(spec.site, vmId); ; ask = () => context.vmStatusUntil(spec.site, vmId, isEnough)) {
    context.signal.throwIfAborted();
    status = (await look(ask)) ?? status;
    const left = leftMs();
    if (status && mayBeReady(spec, status) && (await isReady(spec, status, context, Math.max(left, 100)))) {
      return succeeded("Ready", seen(vmId, status));
    }
    if (left <= 0) return atTimeOut(status)(`Not ready after ${spec.timeoutSeconds} s (check: ${spec.check})`, seen(vmId, status));
  }
}

/** What its status says of it: a check that asks the machine itself begins only then. */
function mayBeReady({ check, port }: Check, { powerState, heartbeatAt, ipAddresses }: VmStatus): boolean {
  if (powerState !== "POWERED_ON") return false;
  if (check === "HEARTBEAT") return heartbeatAt !== null;
  if (check === "TCP") return ipAddresses.length > 0 && port !== null;
  return check !== "HTTP" || ipAddresses.length > 0;
}

/** A site that does not answer for a while is no reason to give a machine up before its time is over. */
async function look(ask: () => Promise<VmStatus | undefined>): Promise<VmStatus | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return undefined;
  }
}

const seen = (vmId: string, status: VmStatus | undefined) => ({
  vmId,
  powerState: status?.powerState ?? "UNKNOWN",
  ipAddress: status?.ipAddresses[0] ?? null,
});

async function isReady(spec: Check, { ipAddresses: [address] }: VmStatus, context: StepContext, leftMs: number): Promise<boolean> {
  switch (spec.check) {
    case "POWERED_ON":
    case "HEARTBEAT":
      return true;
    case "TCP":
      return address !== undefined && spec.port !== null && connects(address, spec.port, Math.min(leftMs, 3000), context.signal);
    case "HTTP":
      return (
        address !== undefined &&
        answers(`http://${host(address)}:${spec.port ?? 80}${spec.target ?? "/"}`, Math.min(leftMs, 3000), context.signal)
      );
    case "SCRIPT":
      return passes(spec, address ?? null, context, leftMs);
  }
}

const host = (address: string) => (address.includes(":") ? `[${address}]` : address);

function connects(address: string, port: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: address, port, signal });
    const done = (ok: boolean) => {
      socket.destroy();
      resolve(ok);
    };
    socket.setTimeout(timeoutMs, () => done(false));
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}

async function answers(url: string, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
    await response.body?.cancel();
    return response.status < 400;
  } catch (error) {
    if (signal.aborted && isAbort(error)) throw signal.reason;
    return false;
  }
}

async function passes(spec: Check, vmIp: string | null, context: StepContext, leftMs: number): Promise<boolean> {
  const outcome = await context.runCommand({
    command: spec.target ?? "",
    arguments: [],
    timeoutSeconds: Math.max(1, Math.min(30, Math.ceil(leftMs / 1000))),
    site: spec.site,
    vmName: spec.name,
    vmIp,
  });
  return outcome.reason === "EXITED" && outcome.exitCode === 0;
}
