/** Two lab sites with two plans, for drills. */

const common = { protectedSite: "A", recoverySite: "B" };
const place = { cluster: "Cluster A", host: "host-1", folder: "/A/Shop", resourcePool: "Pool A", datastore: "Disk A" };
const machine = (name: string) => ({
  name,
  guestOs: "Debian",
  cpuCount: 1,
  memoryMb: 512,
  diskBytes: 1_073_741_824,
  ...place,
  nics: [{ network: "LAN A", ipAddresses: [] }],
});
const site = (name: string, type: string, more: object = {}) => ({
  name,
  type,
  provider: "lab",
  datastores: [{ name: `Disk ${name}`, capacityBytes: 10_000_000_000, freeBytes: 10_000_000_000 }],
  networks: [{ name: `LAN ${name}` }],
  resourcePools: [{ name: `Pool ${name}`, cluster: `Cluster ${name}` }],
  folders: [{ name: "Shop", path: `/${name}/Shop` }],
  ...more,
});
const group = (name: string, vm: string) => ({ name, type: "CONTINUOUS", ...common, virtualMachines: [vm], rpoMinutes: 5 });
const ask = { type: "PROMPT", name: "Ask", message: "Go on?" };

export const drillWorld = {
  version: 1,
  sites: [site("A", "PROTECTED", { virtualMachines: [machine("front"), machine("back")] }), site("B", "RECOVERY")],
  pairings: [
    {
      ...common,
      networkMappings: [{ source: "LAN A", target: "LAN B" }],
      folderMappings: [{ source: "/A/Shop", target: "/B/Shop" }],
      resourceMappings: [{ source: "Pool A", target: "Pool B" }],
    },
  ],
  protectionGroups: [group("first", "front"), group("second", "back")],
  recoveryPlans: [
    {
      name: "Shop",
      ...common,
      priorityGroups: [{ priority: 1, name: "All", protectionGroups: ["first"], preSteps: [ask] }],
    },
    { name: "Office", ...common, priorityGroups: [{ priority: 1, name: "All", protectionGroups: ["second"] }] },
  ],
};
