import { failed, type StepKind, succeeded, warning } from "./kind.ts";

/** Looks at a group's datastores: each has to be there, and a VM on them that the group does not protect is named. */
export const discoverDatastores: StepKind<"DISCOVER_DATASTORES"> = async ({ site, datastores, vmIds }, context) => {
  const inventory = await context.ask(site, (provider, signal) => provider.inventory(site.externalId, signal));
  const there = new Set(inventory.datastores.map(({ name }) => name.toLowerCase()));
  const missing = datastores.filter((name) => !there.has(name.toLowerCase()));
  if (missing.length > 0) return failed(`${site.siteName} has no datastore ${missing.join(", ")}`);
  const wanted = new Set(datastores.map((name) => name.toLowerCase()));
  const found = inventory.virtualMachines.filter(({ datastore }) => datastore !== null && wanted.has(datastore.toLowerCase()));
  const known = new Set(vmIds);
  const unprotected = found.filter(({ vmId }) => !known.has(vmId));
  const message = `${found.length} VMs on ${datastores.join(", ")}`;
  if (unprotected.length === 0) return succeeded(message);
  const warnings = unprotected.map(({ name, datastore }) => `${name} is on ${datastore} and not a member of the group`);
  return { ...warning(`${message}, ${unprotected.length} of them not in the group`), warnings };
};
