/**
 * Prisma's driver adapter as the migration engine needs it. The plain one splits scripts at every semicolon and can't read
 * PostgreSQL's catalogue columns.
 */
import { PrismaPg } from "@prisma/adapter-pg";
import { type ColumnType, ColumnTypeEnum, isDriverAdapterError, type SqlQuery, type SqlResultSet } from "@prisma/driver-adapter-utils";
import type pg from "pg";

type Adapter = Awaited<ReturnType<PrismaPg["connect"]>>;

/** Types of catalogue columns by PostgreSQL's oid; all others are read as text. */
const catalogueTypes: Readonly<Record<number, ColumnType>> = {
  16: ColumnTypeEnum.Boolean,
  18: ColumnTypeEnum.Character,
  20: ColumnTypeEnum.Int64,
  21: ColumnTypeEnum.Int32,
  23: ColumnTypeEnum.Int32,
  26: ColumnTypeEnum.Int64,
  1002: ColumnTypeEnum.CharacterArray,
};

/** The engine records it once more, but a process that ends in between would leave an applied migration that looks broken off. */
const recordFinished = "UPDATE _prisma_migrations SET finished_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL";

export class MigrationAdapterFactory extends PrismaPg {
  /** Why the last script failed, which the engine's own error does not say. */
  scriptError: Error | null = null;

  /** An own pool: ending it gives back the engine's advisory lock, which an idle connection would keep. */
  constructor(pool: pg.Pool) {
    super(pool);
  }

  override async connect(): Promise<Adapter> {
    const adapter = await super.connect();
    const pool = adapter.underlyingDriver();
    const queryRaw = adapter.queryRaw.bind(adapter);
    // One message of several statements is one implicit transaction: a migration is applied and recorded, or neither.
    adapter.executeScript = async (script) => {
      try {
        await pool.query(`${script}\n;${recordFinished}`);
      } catch (error) {
        this.scriptError = error instanceof Error ? error : null;
        throw error;
      }
    };
    adapter.queryRaw = async (query) => {
      try {
        return await queryRaw(query);
      } catch (error) {
        if (!isDriverAdapterError(error) || error.cause.kind !== "UnsupportedNativeDataType") throw error;
        return readCatalogue(pool, query);
      }
    };
    return adapter;
  }

  override connectToShadowDb(): Promise<Adapter> {
    throw new Error("Migrations work without a shadow database.");
  }
}

async function readCatalogue(pool: pg.Pool, { sql, args }: SqlQuery): Promise<SqlResultSet> {
  const { fields, rows } = await pool.query<unknown[]>({ text: sql, values: args, rowMode: "array" });
  return {
    columnNames: fields.map((field) => field.name),
    columnTypes: fields.map((field) => catalogueTypes[field.dataTypeID] ?? ColumnTypeEnum.Text),
    rows,
  };
}
