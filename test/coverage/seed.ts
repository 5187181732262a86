/** The demo's sites with machines and a datastore besides that nothing protects yet. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse, stringify } from "yaml";

const spare = (name: string, datastore: string, at: number) => ({
  name,
  guestOs: "Debian GNU/Linux 12",
  cpuCount: 2,
  memoryMb: 4096,
  diskBytes: 10_737_418_240,
  cluster: "Production-Cluster",
  host: "esxi-host-01.example.com",
  datastore,
  folder: "/DC-Primary/vm/Production-VMs",
  resourcePool: "Production-RP",
  nics: [{ network: "VM Network", ipAddresses: [`10.0.9.${at}`] }],
});

/** Writes the file, and answers its path. */
export function writeSeed(folder: string): string {
  const seed = parse(readFileSync(resolve(import.meta.dirname, "../../demo/demo.yaml"), "utf8"));
  const primary = seed.sites.find(({ name }: { readonly name: string }) => name === "Primary-Site");
  const size = { capacityBytes: 1_099_511_627_776, freeBytes: 549_755_813_888 };
  primary.datastores.push({ name: "Spare-DS", ...size, arrayManager: "NetApp-SRA", replicatedDeviceId: "lun-009" });
  for (let at = 1; at <= 8; at++) primary.virtualMachines.push(spare(`spare-0${at}`, "AppServers-DS", at));
  for (let at = 1; at <= 2; at++) primary.virtualMachines.push(spare(`on-spare-ds-0${at}`, "Spare-DS", 100 + at));
  for (let at = 1; at <= 5; at++) primary.virtualMachines.push(spare(`mover-0${at}`, "AppServers-DS", 200 + at));
  const path = join(folder, "seed.yaml");
  writeFileSync(path, stringify(seed));
  return path;
}
