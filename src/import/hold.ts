/** What an import may change is held while it is compared and written, in the order in which mutations, readings and runs take it. */
import type { Tx } from "./current-rows.ts";
import type { ImportFile } from "./file.ts";

/** Plans, pairs, sites, groups, VMs. All pairs: a VM may be named without its site, and who waits for whom is checked over every plan. */
export async function hold(tx: Tx, file: ImportFile): Promise<void> {
  const [plans, sites, groups] = [lower(file.recoveryPlans), lower(file.sites), lower(file.protectionGroups)];
  const vms = lower(file.vmSettings.map(({ virtualMachine }) => ({ name: virtualMachine })));
  await tx.$executeRaw`SELECT FROM recovery_plan WHERE lower(name) = ANY (${plans}) ORDER BY id FOR UPDATE`;
  await tx.$executeRaw`SELECT FROM site_pairing ORDER BY id FOR UPDATE`;
  await tx.$executeRaw`SELECT FROM site WHERE lower(name) = ANY (${sites}) ORDER BY id FOR NO KEY UPDATE`;
  // A reading of their inventories waits, or is left out as older than this if its site was asked before.
  await tx.$executeRaw`UPDATE site SET refreshed_at = dr_now() WHERE lower(name) = ANY (${sites})`;
  await tx.$executeRaw`SELECT FROM protection_group WHERE lower(name) = ANY (${groups}) ORDER BY id FOR UPDATE`;
  await tx.$executeRaw`SELECT FROM virtual_machine WHERE lower(name) = ANY (${vms}) ORDER BY id FOR NO KEY UPDATE`;
}

const lower = (named: readonly { readonly name: string }[]): string[] => named.map(({ name }) => name.toLowerCase());
