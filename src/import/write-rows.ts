/** New rows of the tables that a large file fills: thousands of them in one statement, which Prisma would compile for longer than it takes. */
import { toJsonb } from "../database/json.ts";
import type { Tx } from "./current-rows.ts";

export interface VmRow {
  readonly id: string;
  readonly siteId: string;
  readonly externalId: string;
  readonly name: string;
  readonly powerState: "POWERED_ON" | "POWERED_OFF" | "UNKNOWN";
  readonly guestOs: string | null;
  readonly cpuCount: number;
  readonly memoryMb: number;
  readonly diskBytes: number;
  readonly cluster: string | null;
  readonly host: string | null;
  readonly datastoreId: string | null;
  readonly folderId: string | null;
  readonly resourcePoolId: string | null;
}

const vmsText = `INSERT INTO virtual_machine (id, site_id, external_id, name, power_state, guest_os, cpu_count, memory_mb, disk_bytes, cluster, host,
    datastore_id, folder_id, resource_pool_id)
  SELECT x.id, x."siteId", x."externalId", x.name, x."powerState"::"PowerState", x."guestOs", x."cpuCount", x."memoryMb", x."diskBytes", x.cluster, x.host,
    x."datastoreId", x."folderId", x."resourcePoolId"
  FROM jsonb_to_recordset($1::jsonb) AS x (id uuid, "siteId" uuid, "externalId" text, name text, "powerState" text, "guestOs" text, "cpuCount" int4,
    "memoryMb" int4, "diskBytes" int8, cluster text, host text, "datastoreId" uuid, "folderId" uuid, "resourcePoolId" uuid)`;

export const insertVms = (tx: Tx, rows: readonly VmRow[]): Promise<unknown> => insert(tx, vmsText, rows);

export interface NicRow {
  readonly id: string;
  readonly vmId: string;
  readonly nicIndex: number;
  readonly networkId: string | null;
  readonly macAddress: string | null;
  readonly ipAddresses: readonly string[];
}

const nicsText = `INSERT INTO vm_nic (id, vm_id, nic_index, network_id, mac_address, ip_addresses)
  SELECT x.id, x."vmId", x."nicIndex", x."networkId", x."macAddress", x."ipAddresses"
  FROM jsonb_to_recordset($1::jsonb) AS x (id uuid, "vmId" uuid, "nicIndex" int4, "networkId" uuid, "macAddress" text, "ipAddresses" text[])`;

export const insertNics = (tx: Tx, rows: readonly NicRow[]): Promise<unknown> => insert(tx, nicsText, rows);

async function insert(tx: Tx, text: string, rows: readonly object[]): Promise<void> {
  if (rows.length > 0) await tx.$executeRawUnsafe(text, toJsonb(rows));
}
