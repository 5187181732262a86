/** Parts of a small world of two lab sites, as files describe it: machines and groups of site A, replicated to site B. */

export const common = { protectedSite: "A", recoverySite: "B" };
const place = { cluster: "Cluster A", host: "host-1", folder: "/A/Shop", resourcePool: "Pool A", datastore: "Disk A" };
export const machine = (name: string) => ({
  name,
  guestOs: "Debian",
  cpuCount: 1,
  memoryMb: 512,
  diskBytes: 1_073_741_824,
  ...place,
  nics: [{ network: "LAN A", ipAddresses: [] }],
});
export const site = (name: string, type: string, more: object = {}) => ({
  name,
  type,
  provider: "lab",
  datastores: [{ name: `Disk ${name}`, capacityBytes: 10_000_000_000, freeBytes: 10_000_000_000 }],
  networks: [{ name: `LAN ${name}` }],
  resourcePools: [{ name: `Pool ${name}`, cluster: `Cluster ${name}` }],
  folders: [{ name: "Shop", path: `/${name}/Shop` }],
  ...more,
});
export const group = (name: string, vm: string) => ({ name, type: "CONTINUOUS", ...common, virtualMachines: [vm], rpoMinutes: 5 });
