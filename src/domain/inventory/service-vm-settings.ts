/** Changing how a VM is recovered. A run that is open goes on with what it began with. (Reference: Configure VM Recovery Settings.) */
import type pg from "pg";
import { checkEditor } from "../edits.ts";
import { type FieldErrors, fieldErrors } from "../field-errors.ts";
import { lockPairsOf } from "../locks.ts";
import { checkVersion, ifChanged, mutate } from "../mutation.ts";
import { checkPlansOfVm } from "../plans/service-graph.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { findVm, findVms, type LockedVm, readSettings, writeSettings } from "./service-vm-rows.ts";
import { changesIn, othersIn, type SettingsWish, withWish } from "./vm-settings.ts";
import { checkSettings } from "./vm-settings-checks.ts";

export type SettingsInput = SettingsWish & {
  readonly vmId: string;
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
};

/** The VM that was changed. */
export interface ChangedVm extends Readonly<Record<string, string>> {
  readonly vmId: string;
}

export const configureSettings = (context: ServiceContext, viewer: Viewer, input: SettingsInput): Promise<ChangedVm> =>
  mutate(context, viewer, {
    mutation: "configureVmRecoverySettings",
    input: { ...input },
    answer: { vmId: input.vmId },
    act: async (client) => {
      const { siteId } = await findVm(client, input.vmId, false);
      // Every pair that a plan with this VM can be on: what it waits for is checked against what others change there.
      await lockPairsOf(client, [siteId]);
      const vm = await findVm(client, input.vmId, true);
      const before = await readSettings(client, vm.id);
      checkVersion(`the recovery settings of ${vm.name}`, before.version, input.expectedVersion);
      const errors = fieldErrors();
      checkSettings(errors, input);
      await checkDependencies(client, errors, vm, input.dependsOnVmIds ?? []);
      errors.check();
      const after = withWish(before, input);
      checkEditor(viewer, changesIn(before, after));
      return ifChanged({ ...before, version: after.version }, after, async () => {
        await writeSettings(client, vm.id, after);
        await checkTogether(client, errors, vm.id, input);
        return [vm.id, ...othersIn(before, after)].map((id) => ({ kind: "VM_CHANGED", id, change: "UPDATED" }));
      });
    },
  });

/** Other VMs of its site, each once: only they can be recovered with it. */
async function checkDependencies(client: pg.ClientBase, errors: FieldErrors, vm: LockedVm, ids: readonly string[]): Promise<void> {
  const others = await findVms(client, ids);
  const seen = new Set<string>();
  for (const [at, id] of ids.entries()) {
    const say = (message: string) => errors.add(["dependsOnVmIds", at], message);
    const other = others.get(id);
    if (other === undefined) say("There is no VM with this id.");
    else if (id === vm.id) say("A VM can't depend on itself.");
    else if (other.siteId !== vm.siteId) say(`${other.name} runs at another site than ${vm.name}: they are never recovered together.`);
    else if (seen.has(id)) say(`${other.name} is in the list above.`);
    seen.add(id);
  }
}

/** Behind the writes, in all plans that hold the VM: nothing may wait for itself, and no address is given twice. */
async function checkTogether(client: pg.ClientBase, errors: FieldErrors, vmId: string, input: SettingsInput): Promise<void> {
  const cyclePath = input.dependsOnVmIds === undefined && input.priority !== undefined ? ["priority"] : ["dependsOnVmIds"];
  for (const problem of await checkPlansOfVm(client, vmId)) {
    if (problem.kind === "CYCLE") errors.add(cyclePath, problem.message);
    else if (problem.vmId === vmId) errors.add(["ipCustomization", "rules", problem.rule, "targetIp"], problem.message);
  }
  errors.check();
}
