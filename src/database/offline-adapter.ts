/** Comparing two schemas needs no database, but the engine asks for one's version all the same: this answers it. */
import { ColumnTypeEnum, type SqlDriverAdapter, type SqlMigrationAwareDriverAdapterFactory } from "@prisma/driver-adapter-utils";

/** The oldest PostgreSQL that is supported, so that what is written runs everywhere. */
const version = { columnNames: ["exists", "version", "numeric_version"], rows: [[true, "PostgreSQL 15.0", 150_000]] };
const columnTypes = [ColumnTypeEnum.Boolean, ColumnTypeEnum.Text, ColumnTypeEnum.Int32];

const unreachable = () => Promise.reject(new Error("The schemas are compared without a database."));

const adapter: SqlDriverAdapter = {
  provider: "postgres",
  adapterName: "offline",
  queryRaw: () => Promise.resolve({ ...version, columnTypes }),
  executeRaw: unreachable,
  executeScript: unreachable,
  startTransaction: unreachable,
  dispose: () => Promise.resolve(),
  getConnectionInfo: () => ({ schemaName: "public", supportsRelationJoins: true }),
};

export const offlineAdapterFactory: SqlMigrationAwareDriverAdapterFactory = {
  provider: "postgres",
  adapterName: "offline",
  connect: () => Promise.resolve(adapter),
  connectToShadowDb: () => Promise.resolve(adapter),
};
