/** The part of an import file that is about sites: what they have, and how they are paired. */
import { z } from "zod";
import { ipAddress, name, object, text, whole } from "./fields.ts";

const bytes = whole(0, Number.MAX_SAFE_INTEGER);
const optional = text.nullable().default(null);

const datastore = object({
  name,
  type: z.enum(["VMFS", "NFS", "VSAN", "DIRECTORY", "LVM"]).default("VMFS"),
  capacityBytes: bytes,
  freeBytes: bytes,
  arrayManager: optional,
  replicatedDeviceId: optional,
});

const network = object({
  name,
  type: z.enum(["STANDARD", "DISTRIBUTED", "NAT", "ISOLATED"]).default("STANDARD"),
  vlanId: whole(0, 4094).nullable().default(null),
});

const limit = whole(0, 2_147_483_647).nullable().default(null);
const resourcePool = object({
  name,
  cluster: name,
  cpuLimitMhz: limit,
  cpuReservationMhz: limit,
  memoryLimitMb: limit,
  memoryReservationMb: limit,
});

const folder = object({ name, path: text.min(1) });

/** What only the simulated sites know of a VM. */
const labVm = object({
  services: z.array(object({ port: whole(1, 65_535), banner: text.optional() })).default([]),
  changeBytesPerSecond: bytes.default(50_000),
});

const virtualMachine = object({
  name,
  externalId: name.optional(),
  powerState: z.enum(["POWERED_ON", "POWERED_OFF"]).default("POWERED_ON"),
  guestOs: optional,
  cpuCount: whole(1, 1024).default(1),
  memoryMb: whole(1, 33_554_432).default(1024),
  diskBytes: bytes.default(20 * 2 ** 30),
  cluster: optional,
  host: optional,
  datastore: name.nullable().default(null),
  /** By its path. */
  folder: text.nullable().default(null),
  resourcePool: name.nullable().default(null),
  nics: z
    .array(object({ network: name.nullable().default(null), macAddress: optional, ipAddresses: z.array(ipAddress).default([]) }))
    .max(10)
    .default([]),
  lab: labVm.default({ services: [], changeBytesPerSecond: 50_000 }),
});

export const site = object({
  name,
  type: z.enum(["PROTECTED", "RECOVERY"]),
  provider: z.enum(["lab"], { error: "The provider of a site is lab, so far." }),
  externalId: name.optional(),
  vcenterServer: optional,
  vcenterVersion: optional,
  srmServer: optional,
  srmVersion: optional,
  datacenter: optional,
  datastores: z.array(datastore).default([]),
  networks: z.array(network).default([]),
  resourcePools: z.array(resourcePool).default([]),
  folders: z.array(folder).default([]),
  virtualMachines: z.array(virtualMachine).default([]),
});

/** `sourceSite`: the other direction's mappings have the recovery site here. */
const mapping = { source: text.min(1), target: text.min(1), sourceSite: name.optional() };

export const pairing = object({
  protectedSite: name,
  recoverySite: name,
  arrayManagers: z
    .array(
      object({
        name,
        type: z.enum(["SAN", "HOST", "SNAPSHOT", "CONTINUOUS"]).default("SAN"),
        replicatedDevices: whole(0, 1_000_000).default(0),
      }),
    )
    .default([]),
  replicationServers: z.array(object({ name, replicatedVms: whole(0, 1_000_000).default(0) })).default([]),
  networkMappings: z.array(object({ ...mapping, testNetwork: name.nullable().default(null) })).default([]),
  folderMappings: z.array(object(mapping)).default([]),
  resourceMappings: z.array(object(mapping)).default([]),
});

export type SiteEntry = z.infer<typeof site>;
export type PairingEntry = z.infer<typeof pairing>;
export type VmEntry = z.infer<typeof virtualMachine>;
