/** The three kinds of mappings, which are alike but for their tables and names. All SQL in it is constant. */
import type pg from "pg";
import type { NodeType } from "../ids.ts";

type Client = Pick<pg.ClientBase, "query">;

export interface MappingKind {
  readonly node: Extract<NodeType, "NetworkMapping" | "FolderMapping" | "ResourceMapping">;
  readonly table: string;
  readonly sourceColumn: string;
  readonly targetColumn: string;
  /** Where it has a test network. */
  readonly testColumn: string;
  /** What is mapped: its table, what it is called, and how an input names it. */
  readonly place: { readonly table: string; readonly title: string; readonly word: string };
  readonly sourceField: string;
  readonly targetField: string;
}

export const mappingKinds = {
  network: {
    node: "NetworkMapping",
    table: "network_mapping",
    sourceColumn: "source_network_id",
    targetColumn: "target_network_id",
    testColumn: "test_network_id",
    place: { table: "network", title: "name", word: "network" },
    sourceField: "sourceNetworkId",
    targetField: "targetNetworkId",
  },
  folder: {
    node: "FolderMapping",
    table: "folder_mapping",
    sourceColumn: "source_folder_id",
    targetColumn: "target_folder_id",
    testColumn: "NULL::uuid",
    place: { table: "folder", title: "path", word: "folder" },
    sourceField: "sourceFolderId",
    targetField: "targetFolderId",
  },
  resource: {
    node: "ResourceMapping",
    table: "resource_mapping",
    sourceColumn: "source_resource_pool_id",
    targetColumn: "target_resource_pool_id",
    testColumn: "NULL::uuid",
    place: { table: "resource_pool", title: "name", word: "resource pool" },
    sourceField: "sourceResourcePoolId",
    targetField: "targetResourcePoolId",
  },
} as const satisfies Record<string, MappingKind>;

/** A network, folder or pool that an input names. */
export interface MappedPlace {
  readonly id: string;
  readonly title: string;
  readonly siteId: string;
  readonly siteName: string;
  readonly isMissing: boolean;
}

export async function readPlaces(
  client: Client,
  { place }: MappingKind,
  ids: readonly string[],
): Promise<ReadonlyMap<string, MappedPlace>> {
  const { rows } = await client.query<MappedPlace>({
    name: `mapping-places-${place.table}`,
    text: `SELECT i.id, i.${place.title} AS title, i.site_id AS "siteId", s.name AS "siteName", i.missing_since IS NOT NULL AS "isMissing"
      FROM ${place.table} i JOIN site s ON s.id = i.site_id WHERE i.id = ANY($1::uuid[])`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, row]));
}

/** Null: the two sites are not paired. */
export async function readPairing(client: Client, siteId: string, otherSiteId: string): Promise<string | null> {
  const { rows } = await client.query<{ id: string }>({
    name: "mapping-pairing",
    text: `SELECT id FROM site_pairing WHERE pairing_state = 'PAIRED'
      AND least(local_site_id, remote_site_id) = least($1::uuid, $2::uuid)
      AND greatest(local_site_id, remote_site_id) = greatest($1::uuid, $2::uuid)`,
    values: [siteId, otherSiteId],
  });
  return rows[0]?.id ?? null;
}

export interface MappingRow {
  readonly id: string;
  readonly pairingId: string;
  readonly sourceId: string;
  readonly targetId: string;
  readonly testNetworkId: string | null;
  readonly version: number;
}

const columns = ({ sourceColumn, targetColumn, testColumn }: MappingKind) =>
  `id, pairing_id AS "pairingId", ${sourceColumn} AS "sourceId", ${targetColumn} AS "targetId", ${testColumn} AS "testNetworkId", version`;

/** Those of a pair that have one of these sources, by source. */
export async function readMappings(
  client: Client,
  kind: MappingKind,
  pairingId: string,
  sourceIds: readonly string[],
): Promise<ReadonlyMap<string, MappingRow>> {
  const { rows } = await client.query<MappingRow>({
    name: `mappings-of-${kind.table}`,
    text: `SELECT ${columns(kind)} FROM ${kind.table} WHERE pairing_id = $1 AND ${kind.sourceColumn} = ANY($2::uuid[])`,
    values: [pairingId, sourceIds],
  });
  return new Map(rows.map((row) => [row.sourceId, row]));
}

export async function readMapping(client: Client, kind: MappingKind, id: string): Promise<MappingRow | null> {
  const { rows } = await client.query<MappingRow>({
    name: `mapping-${kind.table}`,
    text: `SELECT ${columns(kind)} FROM ${kind.table} WHERE id = $1`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** Makes it, or changes its target and test network; each change raises its version. */
export async function writeMapping(client: Client, kind: MappingKind, row: Omit<MappingRow, "version">): Promise<void> {
  const { table, sourceColumn, targetColumn, testColumn } = kind;
  const hasTest = kind.node === "NetworkMapping";
  const test = hasTest ? [`, ${testColumn}`, ", $5", `, ${testColumn} = excluded.${testColumn}`] : ["", "", ""];
  const [testInto, testValue, testSet] = test;
  await client.query({
    name: `mapping-write-${table}`,
    text: `INSERT INTO ${table} AS m (id, pairing_id, ${sourceColumn}, ${targetColumn}${testInto}) VALUES ($1, $2, $3, $4${testValue})
      ON CONFLICT (id) DO UPDATE SET ${targetColumn} = excluded.${targetColumn}${testSet}, version = m.version + 1`,
    values: [row.id, row.pairingId, row.sourceId, row.targetId, ...(hasTest ? [row.testNetworkId] : [])],
  });
}
