/** Two lab sites with machines to protect and plans to run, and two that nobody has registered yet. */
import { common, group, machine, site } from "../../support/two-sites.ts";

const missing = { type: "COMMAND", name: "Tell everybody", command: "/scripts/nobody-wrote-it.sh" };

const plan = (name: string, protectionGroup: string, steps: object = {}) => ({
  name,
  ...common,
  priorityGroups: [{ priority: 1, name: "All", protectionGroups: [protectionGroup], ...steps }],
});

export const machines = ["front", "back", "mail", "files", "spare-1", "spare-2"];
const more = (name: string) => ({
  networks: [{ name: `LAN ${name}` }, { name: `Other ${name}` }],
  folders: [
    { name: "Shop", path: `/${name}/Shop` },
    { name: "Other", path: `/${name}/Other` },
  ],
  resourcePools: [
    { name: `Pool ${name}`, cluster: `Cluster ${name}` },
    { name: `Other pool ${name}`, cluster: `Cluster ${name}` },
  ],
});

export const mutationWorld = {
  version: 1,
  sites: [site("A", "PROTECTED", { ...more("A"), virtualMachines: machines.map(machine) }), site("B", "RECOVERY", more("B"))],
  pairings: [
    {
      ...common,
      networkMappings: [{ source: "LAN A", target: "LAN B" }],
      folderMappings: [{ source: "/A/Shop", target: "/B/Shop" }],
      resourceMappings: [{ source: "Pool A", target: "Pool B" }],
    },
  ],
  protectionGroups: [group("first", "front"), group("second", "back"), group("third", "mail"), group("free", "files")],
  recoveryPlans: [
    plan("Asks", "first"),
    plan("Fails", "second", { postSteps: [missing] }),
    plan("Fails too", "third", { postSteps: [missing] }),
  ],
};
