import type { Database } from "../../database/database.ts";
import { batchedCount, batchedOne, type Gate, padded } from "../batching.ts";
import { nameLike, type Source } from "../list-sql.ts";
import { openList } from "../lists.ts";

export type InventoryOrderField = "NAME";
export interface InventoryFilter {
  readonly name?: string | null | undefined;
  readonly siteId?: string | null | undefined;
  readonly replicationState?: string | null | undefined;
}

type Table = "datastore" | "network" | "resource_pool" | "folder";

/** The four inventories are listed alike. */
const inventory = (table: Table): Source<InventoryOrderField, InventoryFilter, never> => ({
  name: `${table}-list`,
  columns: "i.id",
  from: `${table} i`,
  id: "i.id",
  orders: { NAME: { expression: "lower(i.name)", type: "text" } },
  conditions: [
    { type: "text", sql: (name) => `i.name ILIKE ${name}`, value: ({ name }) => nameLike(name) },
    { type: "uuid", sql: (site) => `i.site_id = ${site}`, value: ({ siteId }) => siteId },
    ...(table === "datastore" ? [replicationState] : []),
  ],
  parents: {},
});

const replicationState = {
  type: "text",
  sql: (state: string) => `i.replication_state::text = ${state}`,
  value: ({ replicationState }: InventoryFilter) => replicationState,
} as const;

export function openInventoryLoaders({ prisma, pool }: Pick<Database, "prisma" | "pool">) {
  const datastore = batchedOne(
    (ids) => prisma.datastore.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const network = batchedOne(
    (ids) => prisma.network.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const resourcePool = batchedOne(
    (ids) => prisma.resourcePool.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const folder = batchedOne(
    (ids) => prisma.folder.findMany({ where: { id: { in: padded(ids) } } }),
    ({ id }) => id,
  );
  const groupOfDatastore = batchedOne<{ datastoreId: string; groupId: string }>(
    async (ids) => {
      const select = { datastoreId: true, storageGroup: { select: { groupId: true } } } as const;
      const rows = await prisma.storageGroupSource.findMany({ where: { datastoreId: { in: padded(ids) } }, select });
      return rows.map(({ datastoreId, storageGroup: { groupId } }) => ({ datastoreId, groupId }));
    },
    ({ datastoreId }) => datastoreId,
  );
  const vmCountOfPool = batchedCount(async (ids) => {
    const where = { resourcePoolId: { in: padded(ids) } };
    const rows = await prisma.virtualMachine.groupBy({ by: ["resourcePoolId"], where, _count: true });
    return rows.map(({ resourcePoolId, _count: count }) => ({ key: resourcePoolId ?? "", count }));
  });
  const listOf = (table: Table) => openList(pool, inventory(table), { field: "NAME", direction: "ASC", filter: {} });
  const lists = { datastore: listOf("datastore"), network: listOf("network"), pool: listOf("resource_pool"), folder: listOf("folder") };
  return (gate: Gate) => ({
    datastore: datastore.loader(gate),
    network: network.loader(gate),
    resourcePool: resourcePool.loader(gate),
    folder: folder.loader(gate),
    groupOfDatastore: groupOfDatastore.loader(gate),
    vmCountOfPool: vmCountOfPool.loader(gate),
    datastoreList: lists.datastore(gate),
    networkList: lists.network(gate),
    resourcePoolList: lists.pool(gate),
    folderList: lists.folder(gate),
  });
}
