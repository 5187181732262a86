import { openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase } from "../support/database.ts";
import { labSites } from "../support/lab.ts";
import { type ContractSetup, type ContractVm, providerContract } from "./contract.ts";

/** Fast, but not instant: what is ordered is still under way when the answer comes. */
async function labSetup(): Promise<ContractSetup> {
  const db = await freshDatabase();
  const sites = labSites({ vms: 2, spare: 2 });
  const open = () => openLab({ url: db.url, speed: 400, seed: "contract", guestServices: false });
  let lab = await open();
  await lab.define(sites.definition);
  let made = 0;
  const nics = [{ nicIndex: 0, networkId: sites.sourceNetwork, ipAddresses: ["10.1.9.1"] }];
  const [one, other] = sites.vms.map(({ name, id, placeholderId }): ContractVm => ({ name, sourceVmId: id, placeholderId }));
  const [spare, more] = sites.spare.map(({ name, id }) => ({ name, sourceVmId: id }));
  if (!one || !other || !spare || !more) throw new Error("The contract needs two VMs in a group, and two in none.");
  return {
    get provider() {
      return lab.provider;
    },
    protectedSite: sites.protectedSite,
    recoverySite: sites.recoverySite,
    groupId: "group-1",
    vms: [one, other],
    spare: [spare, more],
    storage: { source: sites.sourceDatastore, target: sites.targetDatastore },
    networkId: sites.testNetwork,
    folderId: sites.folder,
    resourcePoolId: sites.resourcePool,
    makeVm: async () => {
      const vm = { id: `made-${++made}`, name: `made-${made}` };
      await lab.define({ sites: [{ id: sites.protectedSite, name: sites.protectedSite, vms: [{ ...vm, nics }] }], groups: [] });
      return { name: vm.name, sourceVmId: vm.id };
    },
    refuse: async (kind, failure) => {
      await lab.faults.fail({ kind, failure });
    },
    hang: async (kind) => {
      await lab.faults.hang({ kind });
    },
    hold: (kind) => lab.faults.hold({ kind, when: "BEFORE" }),
    reopen: async () => {
      await lab.close();
      lab = await open();
      return lab.provider;
    },
    close: async () => {
      await lab.close();
      await db.drop();
    },
  };
}

providerContract("lab", labSetup);
