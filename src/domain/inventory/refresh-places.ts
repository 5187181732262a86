/** Writes what has changed of a site's datastores, networks, resource pools and folders: a few statements, however many they are. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import type { Difference } from "./refresh-diff.ts";
import { referredTo } from "./refresh-read.ts";

type Client = Pick<pg.ClientBase, "query">;
type Place = "datastores" | "networks" | "resourcePools" | "folders";
const places: readonly Place[] = ["datastores", "networks", "resourcePools", "folders"];

const tables = { datastores: "datastore", networks: "network", resourcePools: "resource_pool", folders: "folder" } as const;

const limits = ["cpu_limit_mhz", "cpu_reservation_mhz", "memory_limit_mb", "memory_reservation_mb"] as const;
const limitsTold = `"cpuLimitMhz", "cpuReservationMhz", "memoryLimitMb", "memoryReservationMb"`.split(", ");
const each = (names: readonly string[], write: (name: string) => string) => names.map(write).join(", ");

/** New ones and changed ones alike: $1 the site, $2 what is told of them, each with its id. One that is told of is there. */
const upserts: Readonly<Record<Place, string>> = {
  datastores: `INSERT INTO datastore (id, site_id, name, type, capacity_bytes, free_bytes, array_manager, replicated_device_id)
    SELECT x.id, $1::uuid, x.name, x.type::"DatastoreType", x."capacityBytes", x."freeBytes", x."arrayManager", x."replicatedDeviceId"
    FROM jsonb_to_recordset($2::jsonb) AS x
      (id uuid, name text, type text, "capacityBytes" bigint, "freeBytes" bigint, "arrayManager" text, "replicatedDeviceId" text)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, type = excluded.type, capacity_bytes = excluded.capacity_bytes,
      free_bytes = excluded.free_bytes, array_manager = excluded.array_manager, replicated_device_id = excluded.replicated_device_id,
      missing_since = NULL`,
  networks: `INSERT INTO network (id, site_id, name, type, vlan_id)
    SELECT x.id, $1::uuid, x.name, x.type::"NetworkType", x."vlanId"
    FROM jsonb_to_recordset($2::jsonb) AS x (id uuid, name text, type text, "vlanId" integer)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, type = excluded.type, vlan_id = excluded.vlan_id, missing_since = NULL`,
  resourcePools: `INSERT INTO resource_pool (id, site_id, name, cluster, ${limits.join(", ")})
    SELECT x.id, $1::uuid, x.name, x.cluster, ${each(limitsTold, (told) => `x.${told}`)}
    FROM jsonb_to_recordset($2::jsonb) AS x (id uuid, name text, cluster text, ${each(limitsTold, (told) => `${told} integer`)})
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, cluster = excluded.cluster,
      ${each(limits, (column) => `${column} = excluded.${column}`)}, missing_since = NULL`,
  folders: `INSERT INTO folder (id, site_id, path, name)
    SELECT x.id, $1::uuid, x.path, x.name FROM jsonb_to_recordset($2::jsonb) AS x (id uuid, path text, name text)
    ON CONFLICT (id) DO UPDATE SET path = excluded.path, name = excluded.name, missing_since = NULL`,
};

/** Before the VMs, which refer to them. */
export async function writePlaces(client: Client, siteId: string, difference: Difference): Promise<void> {
  for (const place of places) {
    const { added, changed } = difference[place];
    const rows = [...added.map((value) => ({ id: newId(), ...value })), ...changed.map(({ id, value }) => ({ id, ...value }))];
    if (rows.length === 0) continue;
    await client.query({ name: `inventory-write-${place}`, text: upserts[place], values: [siteId, JSON.stringify(rows)] });
  }
}

/** After the VMs. One that something has come to refer to since it was read stays: the next reading finds it missing. */
export async function removePlaces(client: Client, since: Date, difference: Difference): Promise<void> {
  for (const place of places) {
    const table = tables[place];
    const deleted = difference[place].deleted.map(({ id }) => id);
    const missed = difference[place].missed.map(({ id }) => id);
    if (deleted.length > 0) {
      await client.query(`SELECT FROM ${table} WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE`, [deleted]);
      await client.query(`DELETE FROM ${table} i WHERE i.id = ANY($1::uuid[]) AND NOT ${referredTo[table]}`, [deleted]);
    }
    if (missed.length > 0) await client.query(`UPDATE ${table} SET missing_since = $2 WHERE id = ANY($1::uuid[])`, [missed, since]);
  }
}
