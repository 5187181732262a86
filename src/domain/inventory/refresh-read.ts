/** What the database has of a site's inventory, in the provider's terms, in one statement for each kind of thing. */
import type pg from "pg";
import type { Current, Kinds, Row } from "./refresh-diff.ts";

const isIn = (table: string, ...columns: readonly string[]): string =>
  columns.map((column) => `EXISTS (SELECT FROM ${table} x WHERE x.${column} = i.id)`).join(" OR ");

/** What else than a VM refers to a row `i`: it can't be taken away. Looked up by indexes, one row at a time. */
export const referredTo = {
  datastore: `(${isIn("storage_group_source", "datastore_id")} OR ${isIn("storage_group", "target_datastore_id")}
    OR ${isIn("protected_vm", "recovery_datastore_id")})`,
  network: `(${isIn("network_mapping", "source_network_id", "target_network_id", "test_network_id")}
    OR ${isIn("vm_network_mapping", "source_network_id", "target_network_id", "test_network_id")})`,
  resource_pool: `(${isIn("resource_mapping", "source_resource_pool_id", "target_resource_pool_id")})`,
  folder: `(${isIn("folder_mapping", "source_folder_id", "target_folder_id")})`,
  virtual_machine: `(EXISTS (SELECT FROM protected_vm m WHERE m.vm_id = i.id)
    OR EXISTS (SELECT FROM vm_dependency d JOIN protected_vm m ON m.vm_id = d.vm_id WHERE d.depends_on_vm_id = i.id))`,
} as const;

const rowsOf = (table: keyof typeof referredTo, value: string, joins = "", referred: string = referredTo[table]) =>
  `SELECT i.id, i.missing_since IS NOT NULL AS missing, ${referred} AS referred, json_build_object(${value}) AS value
    FROM ${table} i${joins} WHERE i.site_id = $1`;

/** In the order of their index on the VM, which needs no sorting. */
const nics = `(SELECT coalesce(json_agg(json_build_object('nicIndex', c.nic_index,
    'network', (SELECT n.name FROM network n WHERE n.id = c.network_id), 'macAddress', c.mac_address, 'ipAddresses', c.ip_addresses)
    ORDER BY c.nic_index), '[]') FROM vm_nic c WHERE c.vm_id = i.id)`;

const statements: { readonly [K in keyof Kinds]: string } = {
  datastores: rowsOf(
    "datastore",
    `'name', i.name, 'type', i.type, 'capacityBytes', i.capacity_bytes, 'freeBytes', i.free_bytes,
      'arrayManager', i.array_manager, 'replicatedDeviceId', i.replicated_device_id`,
  ),
  networks: rowsOf("network", `'name', i.name, 'type', i.type, 'vlanId', i.vlan_id`),
  resourcePools: rowsOf(
    "resource_pool",
    `'name', i.name, 'cluster', i.cluster, 'cpuLimitMhz', i.cpu_limit_mhz, 'cpuReservationMhz', i.cpu_reservation_mhz,
      'memoryLimitMb', i.memory_limit_mb, 'memoryReservationMb', i.memory_reservation_mb`,
  ),
  folders: rowsOf("folder", `'path', i.path, 'name', i.name`),
  virtualMachines: rowsOf(
    "virtual_machine",
    `'vmId', i.external_id, 'name', i.name, 'powerState', i.power_state, 'guestOs', i.guest_os, 'cpuCount', i.cpu_count,
      'memoryMb', i.memory_mb, 'diskBytes', i.disk_bytes, 'cluster', i.cluster, 'host', i.host, 'datastore', d.name, 'folder', f.path,
      'resourcePool', p.name, 'nics', ${nics}`,
    ` LEFT JOIN datastore d ON d.id = i.datastore_id LEFT JOIN folder f ON f.id = i.folder_id
      LEFT JOIN resource_pool p ON p.id = i.resource_pool_id LEFT JOIN protected_vm e ON e.vm_id = i.id`,
    `(e.vm_id IS NOT NULL OR ${referredTo.virtual_machine})`,
  ),
};

const reading =
  (client: Pick<pg.ClientBase, "query">, siteId: string) =>
  async <K extends keyof Kinds>(kind: K): Promise<Row<Kinds[K]>[]> =>
    (await client.query<Row<Kinds[K]>>({ name: `inventory-${kind}`, text: statements[kind], values: [siteId] })).rows;

export async function readPlaces(client: Pick<pg.ClientBase, "query">, siteId: string): Promise<Omit<Current, "virtualMachines">> {
  const read = reading(client, siteId);
  return {
    datastores: await read("datastores"),
    networks: await read("networks"),
    resourcePools: await read("resourcePools"),
    folders: await read("folders"),
  };
}

export async function readInventory(client: Pick<pg.ClientBase, "query">, siteId: string): Promise<Current> {
  return { ...(await readPlaces(client, siteId)), virtualMachines: await reading(client, siteId)("virtualMachines") };
}

/** Ids of VMs at the site that recoveries have made: each is its original's row, until a reprotect has moved that here. */
export async function readCopies(client: Pick<pg.ClientBase, "query">, siteId: string): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ id: string }>({
    name: "inventory-copies",
    text: "SELECT recovered_external_id AS id FROM recovered_vm WHERE recovery_site_id = $1",
    values: [siteId],
  });
  return new Set(rows.map(({ id }) => id));
}
