/** Writes what has changed of a site's VMs, their adapters with them: a few statements, however many they are. */
import { isDeepStrictEqual } from "node:util";
import type pg from "pg";
import { v7 as newId } from "uuid";
import type { Change } from "../../events/changes.ts";
import type { InventoryVm } from "../../providers/inventory.ts";
import type { Difference } from "./refresh-diff.ts";
import { referredTo } from "./refresh-read.ts";

type Client = Pick<pg.ClientBase, "query">;

export interface WrittenVms {
  readonly changes: readonly Change[];
  /** Ids of those that are new on their datastore. */
  readonly arrived: readonly string[];
}

const statements = {
  lock: "SELECT FROM virtual_machine WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE",
  dependencies: `DELETE FROM vm_dependency d USING virtual_machine i WHERE i.id = ANY($1::uuid[]) AND d.depends_on_vm_id = i.id
    AND NOT ${referredTo.virtual_machine}`,
  needed: "SELECT vm_id AS id, depends_on_vm_id AS other FROM vm_dependency WHERE vm_id = ANY($1::uuid[])",
  delete: `DELETE FROM virtual_machine i WHERE i.id = ANY($1::uuid[]) AND NOT ${referredTo.virtual_machine} RETURNING i.id, i.name`,
  miss: "UPDATE virtual_machine SET missing_since = $2 WHERE id = ANY($1::uuid[])",
  // So that two may swap their names.
  setNamesAside: "UPDATE virtual_machine SET name = id::text WHERE id = ANY($1::uuid[])",
  write: `INSERT INTO virtual_machine (id, site_id, external_id, name, power_state, guest_os, cpu_count, memory_mb, disk_bytes, cluster, host,
      datastore_id, folder_id, resource_pool_id)
    SELECT x.id, $1::uuid, x."vmId", x.name, x."powerState"::"PowerState", x."guestOs", x."cpuCount", x."memoryMb", x."diskBytes", x.cluster,
      x.host, d.id, f.id, p.id
    FROM jsonb_to_recordset($2::jsonb) AS x (id uuid, "vmId" text, name text, "powerState" text, "guestOs" text, "cpuCount" integer,
        "memoryMb" integer, "diskBytes" bigint, cluster text, host text, datastore text, folder text, "resourcePool" text)
      LEFT JOIN datastore d ON d.site_id = $1::uuid AND lower(d.name) = lower(x.datastore)
      LEFT JOIN folder f ON f.site_id = $1::uuid AND lower(f.path) = lower(x.folder)
      LEFT JOIN resource_pool p ON p.site_id = $1::uuid AND lower(p.name) = lower(x."resourcePool")
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, power_state = excluded.power_state, guest_os = excluded.guest_os,
      cpu_count = excluded.cpu_count, memory_mb = excluded.memory_mb, disk_bytes = excluded.disk_bytes, cluster = excluded.cluster,
      host = excluded.host, datastore_id = excluded.datastore_id, folder_id = excluded.folder_id,
      resource_pool_id = excluded.resource_pool_id, missing_since = NULL`,
  removeNics: "DELETE FROM vm_nic WHERE vm_id = ANY($1::uuid[])",
  writeNics: `INSERT INTO vm_nic (id, vm_id, nic_index, network_id, mac_address, ip_addresses)
    SELECT gen_random_uuid(), x."vmId", x."nicIndex", n.id, x."macAddress", x."ipAddresses"
    FROM jsonb_to_recordset($2::jsonb) AS x ("vmId" uuid, "nicIndex" integer, network text, "macAddress" text, "ipAddresses" text[])
      LEFT JOIN network n ON n.site_id = $1::uuid AND lower(n.name) = lower(x.network)`,
} as const;

/** The places are written already. */
export async function writeVms(
  client: Client,
  { siteId, askedAt }: { readonly siteId: string; readonly askedAt: Date },
  { added, changed, deleted, missed }: Difference["virtualMachines"],
): Promise<WrittenVms> {
  const run = async (name: keyof typeof statements, values: readonly unknown[]) =>
    (
      await client.query<{ id: string; name: string; other: string }>({
        name: `inventory-vms-${name}`,
        text: statements[name],
        values: [...values],
      })
    ).rows;
  const forAll = async (name: keyof typeof statements, ids: readonly string[]) => (ids.length === 0 ? [] : run(name, [ids]));

  const created = added.map((value) => ({ id: newId(), value }));
  const renamed = changed.filter(({ before, value }) => before.name.toLowerCase() !== value.name.toLowerCase());
  const rewired = changed.filter(({ before, value }) => !isDeepStrictEqual(before.nics, value.nics));
  const moved = changed.filter(({ before, value }) => before.datastore !== value.datastore);
  const gone = idsOf(deleted);

  await forAll("lock", [...idsOf(changed), ...gone, ...idsOf(missed)]);
  const needed = await forAll("needed", [...gone, ...idsOf(renamed)]);
  await forAll("dependencies", gone);
  const left = await forAll("delete", gone);
  if (missed.length > 0) await run("miss", [idsOf(missed), askedAt]);
  await forAll("setNamesAside", idsOf(renamed));
  const written = [...created, ...changed];
  if (written.length > 0) await run("write", [siteId, JSON.stringify(written.map(({ id, value }) => ({ id, ...value })))]);
  await forAll("removeNics", idsOf(rewired));
  const nics = [...created, ...rewired].flatMap(nicsOf);
  if (nics.length > 0) await run("writeNics", [siteId, JSON.stringify(nics)]);

  const own = [
    ...created.map(({ id }) => change(id, "CREATED")),
    ...[...changed, ...missed].map(({ id }) => change(id, "UPDATED")),
    ...left.map(({ id, name }) => change(id, "DELETED", name)),
  ];
  const told = new Set(idsOf(own));
  // Who depends on a VM is why it can't be removed from its group.
  const others = new Set(needed.filter(({ id, other }) => told.has(id) && !told.has(other)).map(({ other }) => other));
  const changes = [...own, ...[...others].map((id) => change(id, "UPDATED"))];
  return { changes, arrived: idsOf([...created, ...moved]) };
}

const idsOf = (rows: readonly { readonly id: string }[]): string[] => rows.map(({ id }) => id);
const nicsOf = ({ id, value }: { readonly id: string; readonly value: InventoryVm }) => value.nics.map((nic) => ({ ...nic, vmId: id }));
const change = (id: string, what: Change["change"], name?: string): Change => ({ kind: "VM_CHANGED", id, change: what, name });
