/** What a provider tells is checked once, before anything is compared with it: the database could not hold it otherwise. */
import { z } from "zod";
import type { Pieces } from "../../engine/pieces.ts";
import type { Inventory } from "../../providers/inventory.ts";
import { PreconditionFailedError } from "../errors.ts";
import { type Kinds, keyOf, spellingWithin } from "./refresh-diff.ts";

const text = z.string().refine((given) => !/\0|\p{Cs}/u.test(given), "it holds NUL, or half of a surrogate pair");
const name = text.min(1).max(255);
const maybe = text.nullable();
const bytes = z.int().min(0);
const limit = z.int32().min(0).nullable();

const machines = z.array(
  z.object({
    vmId: text.min(1),
    name,
    powerState: z.enum(["POWERED_ON", "POWERED_OFF", "SUSPENDED", "UNKNOWN"]),
    guestOs: maybe,
    cpuCount: z.int32().min(1),
    memoryMb: z.int32().min(1),
    diskBytes: bytes,
    cluster: maybe,
    host: maybe,
    datastore: maybe,
    folder: maybe,
    resourcePool: maybe,
    nics: z
      .array(z.object({ nicIndex: z.int32().min(0), network: maybe, macAddress: maybe, ipAddresses: z.array(text) }))
      .refine((nics) => new Set(nics.map(({ nicIndex }) => nicIndex)).size === nics.length, "two adapters have one index"),
  }),
);

const inventory = z.object({
  datastores: z.array(
    z.object({
      name,
      type: z.enum(["VMFS", "NFS", "VSAN", "DIRECTORY", "LVM"]),
      capacityBytes: bytes,
      freeBytes: bytes,
      arrayManager: maybe,
      replicatedDeviceId: maybe,
    }),
  ),
  networks: z.array(z.object({ name, type: z.enum(["STANDARD", "DISTRIBUTED", "NAT", "ISOLATED"]), vlanId: limit })),
  resourcePools: z.array(
    z.object({
      name,
      cluster: text,
      cpuLimitMhz: limit,
      cpuReservationMhz: limit,
      memoryLimitMb: limit,
      memoryReservationMb: limit,
    }),
  ),
  folders: z.array(z.object({ path: text.min(1), name })),
  virtualMachines: machines,
});

/** So many machines are looked at in one piece. */
const machinesAtOnce = 250;

/** Without what the contract does not know. Throws PreconditionFailedError, which names the first thing that can't be taken. */
export function* checkingInventory(siteName: string, told: Inventory): Pieces<Inventory> {
  const isList = Array.isArray(told?.virtualMachines); // a provider may tell nothing at all, which the schema says
  const places = taken(siteName, inventory, isList ? { ...told, virtualMachines: [] } : told);
  const found: z.infer<typeof machines> = [];
  for (let at = 0; at < told.virtualMachines.length; at += machinesAtOnce) {
    yield;
    const part = told.virtualMachines.slice(at, at + machinesAtOnce);
    found.push(...taken(siteName, machines, part, ([nth, ...rest]) => ["virtualMachines", at + Number(nth), ...rest]));
  }
  yield;
  const data = { ...places, virtualMachines: found };
  const twice =
    repeated("datastores", data) ??
    repeated("networks", data) ??
    repeated("resourcePools", data) ??
    repeated("folders", data) ??
    repeated("virtualMachines", data) ??
    firstTwice(data.virtualMachines.map((vm) => vm.name.toLowerCase()));
  if (twice !== null) throw unusable(siteName, `${twice} is there twice`);
  yield;
  return yield* spellingWithin(data);
}

type Path = readonly PropertyKey[];

/** `placed`: where in the inventory that is which stands there in what was told. */
function taken<T>(siteName: string, schema: z.ZodType<T>, told: unknown, placed: (path: Path) => Path = (path) => path): T {
  const result = schema.safeParse(told);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = placed(issue?.path ?? []).join(".");
  throw unusable(siteName, place === "" ? `${issue?.message}` : `${place}: ${issue?.message}`);
}

const repeated = <K extends keyof Kinds>(kind: K, told: { readonly [Kind in K]: readonly Kinds[Kind][] }): string | null =>
  firstTwice(told[kind].map((value) => keyOf(kind, value)));

function firstTwice(names: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const one of names) {
    if (seen.has(one)) return one;
    seen.add(one);
  }
  return null;
}

const unusable = (siteName: string, why: string) =>
  new PreconditionFailedError(
    "INVENTORY_UNUSABLE",
    `What the provider tells of ${siteName} can't be taken: ${why}.`,
    "See what is wrong at the site, or with its provider; the inventory stays as it was last read.",
  );
