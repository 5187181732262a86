/** Real recoveries at the lab's sites without an engine, and what their disks hold. */
import { randomUUID } from "node:crypto";
import type { EffectKind, EffectRequest, EffectResult } from "../../src/providers/contract.ts";
import type { Lab, Written } from "../../src/providers/lab/lab.ts";
import { type LabSites, type LabSitesVm, registration } from "./lab.ts";

export type LabWithSites = Lab & { readonly sites: LabSites };

/** Orders one effect at a site, which has to be done at once: at speed instant, or with nothing to do. */
export async function done<K extends EffectKind>(lab: Lab, site: string, kind: K, request: EffectRequest<K>): Promise<EffectResult<K>> {
  const call = { key: randomUUID(), runId: "a recovery", epoch: 1n, signal: AbortSignal.timeout(60_000) };
  const operation = await lab.provider.order(site, kind, request, call);
  if (operation.state !== "SUCCEEDED") throw new Error(`${kind} at ${site} ended ${JSON.stringify(operation)}`);
  return operation.result;
}

export async function contentOf(lab: Lab, vmId: string): Promise<readonly Written[]> {
  const content = await lab.content(vmId);
  if (content === null) throw new Error(`There never was a VM ${vmId}.`);
  return content;
}

/** So many seconds of writing are in `before` and not in `after`: what was lost between the two. */
export function secondsLost(before: readonly Written[], after: readonly Written[]): number {
  const parted = before.findIndex((stretch, index) => {
    const other = after[index];
    return other?.history !== stretch.history || other.seconds !== stretch.seconds;
  });
  if (parted === -1) return 0;
  const [here, there] = [before[parted], after[parted]];
  const kept = here && there && here.history === there.history ? Math.min(here.seconds, there.seconds) : 0;
  return before.slice(parted).reduce((sum, { seconds }) => sum + seconds, -kept);
}

/** The VM's copy at the recovery site, for good, on this storage; not yet on. */
export async function registerForGood(lab: LabWithSites, vm: LabSitesVm, snapshotId: string): Promise<string> {
  const { recoverySite, targetNetwork } = lab.sites;
  const nics = [{ nicIndex: 0, networkId: targetNetwork }];
  const request = { ...registration(lab.sites, vm, snapshotId), permanent: true, nics };
  return (await done(lab, recoverySite, "registerVm", request)).vmId;
}

/**
 * The sites after a planned recovery of all groups: originals off, copies on and for good. The copies' ids by those of the originals.
 */
export async function recoverAll(lab: LabWithSites): Promise<ReadonlyMap<string, string>> {
  const { groups, vms, protectedSite, recoverySite } = lab.sites;
  const copies = new Map<string, string>();
  for (const { id: groupId, vmIds } of groups) {
    for (const vmId of vmIds) await done(lab, protectedSite, "shutDownVm", { vmId, guestTimeoutSeconds: 60 });
    const { pointId } = await done(lab, recoverySite, "synchronise", { groupId });
    const { snapshotId } = await done(lab, recoverySite, "promote", { groupId, pointId });
    for (const vm of vms.filter((member) => member.groupId === groupId)) {
      const vmId = await registerForGood(lab, vm, snapshotId);
      await done(lab, recoverySite, "powerOn", { vmId });
      copies.set(vm.id, vmId);
    }
  }
  return copies;
}
