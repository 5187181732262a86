/** What a recovery does at the site that is left: machines shut down or fenced, storage closed, and for a roll-back opened again. */
import type { SiteRef } from "../model.ts";
import { failed, type StepContext, type StepKind, succeeded } from "./kind.ts";

export const shutDownVm: StepKind<"SHUT_DOWN_VM"> = async ({ site, ...request }, context) => {
  if (context.runKind === "PLANNED") await noteWhetherOn(site, request.vmId, context);
  const end = await context.effect(site, "shutDownVm", request);
  if (!end.ok) return failed(end.message);
  return succeeded(end.result.forced ? "Powered off without the guest" : "Shut down by the guest");
};

/** Before anything is ordered: what was off already is not powered on by a roll-back. Kept over tries, which may find it off by their own doing. */
async function noteWhetherOn(site: SiteRef, vmId: string, context: StepContext): Promise<void> {
  if (context.recorded()?.wasOn !== undefined) return;
  const status = await context.vmStatus(site, vmId);
  await context.record({ result: { wasOn: status !== undefined && status.powerState !== "POWERED_OFF" } });
}

export const fenceSite: StepKind<"FENCE_SITE"> = async ({ site, vmIds }, context) => {
  const end = await context.effect(site, "fenceVms", { vmIds });
  if (!end.ok) return failed(end.message);
  const { poweredOff } = end.result;
  return succeeded(`${poweredOff.length} of ${vmIds.length} VMs were on and are powered off`, { poweredOff });
};

export const setStorageReadOnly: StepKind<"SET_STORAGE_READ_ONLY"> = async ({ site, ...request }, context) => {
  const end = await context.effect(site, "setStorageReadOnly", { ...request, readOnly: true });
  return end.ok ? succeeded("Read-only") : failed(end.message);
};

export const setStorageWritable: StepKind<"SET_STORAGE_WRITABLE"> = async ({ site, groupId, sourceVmIds }, context) => {
  const end = await context.effect(site, "setStorageReadOnly", { groupId, sourceVmIds, readOnly: false });
  return end.ok ? succeeded("Writable again") : failed(end.message);
};

export const powerOnSource: StepKind<"POWER_ON_SOURCE"> = async ({ site, vmId }, context) => {
  const end = await context.effect(site, "powerOn", { vmId });
  return end.ok ? succeeded("Powered on again") : failed(end.message);
};

/** Off is proven by its own site only: a machine that it no longer has is off too. */
export const checkOriginalsOff: StepKind<"CHECK_ORIGINALS_OFF"> = async ({ site, vmIds }, context) => {
  const status = await context.ask(site, (provider, signal) => provider.vmStatus(site.externalId, vmIds, signal));
  const on = vmIds.filter((id) => (status.get(id)?.powerState ?? "POWERED_OFF") !== "POWERED_OFF");
  if (on.length === 0) return succeeded(`${vmIds.length} VMs are off`);
  return failed(`Not off at ${site.siteName}: ${on.join(", ")}`, { on });
};
