/** A file to import: two sites, plans with groups with VMs, as a person would have had it made. */
import { writeFile } from "node:fs/promises";

const vmsPerGroup = 100;
const groupsPerPlan = 5;

const range = (length: number) => Array.from({ length }, (_, at) => at + 1);

/** Answers how many plans are in it. */
export async function writeImportFile(path: string, vms: number): Promise<number> {
  const groups = range(Math.ceil(vms / vmsPerGroup));
  const plans = range(Math.ceil(groups.length / groupsPerPlan));
  const members = (group: number) =>
    range(Math.min(vmsPerGroup, vms - (group - 1) * vmsPerGroup)).map((at) => (group - 1) * vmsPerGroup + at);
  const file = {
    version: 1,
    sites: [
      {
        ...{ name: "Import A", type: "PROTECTED", provider: "lab", externalId: "import-a" },
        datastores: [{ name: "Prod-DS", capacityBytes: 1_099_511_627_776, freeBytes: 549_755_813_888 }],
        networks: [{ name: "VM Network", type: "STANDARD", vlanId: 100 }],
        resourcePools: [{ name: "Prod-RP", cluster: "Prod" }],
        folders: [{ name: "Production", path: "/DC/vm/Production" }],
        virtualMachines: groups.flatMap(members).map((at) => ({
          ...{ name: `import-vm-${at}`, guestOs: "Debian GNU/Linux 13", cpuCount: 2, memoryMb: 4096, diskBytes: 42_949_672_960 },
          ...{ cluster: "Prod", host: `host-${at % 32}`, datastore: "Prod-DS", folder: "/DC/vm/Production", resourcePool: "Prod-RP" },
          nics: [{ network: "VM Network", ipAddresses: [`10.${Math.floor(at / 65_536)}.${Math.floor(at / 256) % 256}.${at % 256}`] }],
        })),
      },
      {
        ...{ name: "Import B", type: "RECOVERY", provider: "lab", externalId: "import-b" },
        datastores: [{ name: "DR-DS", capacityBytes: 1_099_511_627_776, freeBytes: 549_755_813_888 }],
        networks: [{ name: "DR Network", type: "STANDARD" }],
        resourcePools: [{ name: "DR-RP", cluster: "DR" }],
        folders: [{ name: "Recovered", path: "/DR/vm/Recovered" }],
      },
    ],
    pairings: [
      {
        ...{ protectedSite: "Import A", recoverySite: "Import B" },
        networkMappings: [{ source: "VM Network", target: "DR Network" }],
        folderMappings: [{ source: "/DC/vm/Production", target: "/DR/vm/Recovered" }],
        resourceMappings: [{ source: "Prod-RP", target: "DR-RP" }],
      },
    ],
    protectionGroups: groups.map((group) => ({
      ...{ name: `Import group ${group}`, type: "CONTINUOUS", protectedSite: "Import A", recoverySite: "Import B", rpoMinutes: 60 },
      virtualMachines: members(group).map((at) => `import-vm-${at}`),
    })),
    recoveryPlans: plans.map((plan) => ({
      ...{ name: `Import plan ${plan}`, protectedSite: "Import A", recoverySite: "Import B" },
      priorityGroups: [
        {
          ...{ priority: 1, name: "All" },
          protectionGroups: groups.slice((plan - 1) * groupsPerPlan, plan * groupsPerPlan).map((group) => `Import group ${group}`),
        },
      ],
    })),
  };
  await writeFile(path, JSON.stringify(file)); // which is YAML too
  return plans.length;
}
