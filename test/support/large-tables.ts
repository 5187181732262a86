/** A small database that its planner takes for a large one, and what of its tables a statement would read in full. */
import pg from "pg";
import type { Database } from "../../src/database/database.ts";
import { mayReadInFull } from "./full-reads.ts";

type Queryable = Pick<pg.ClientBase, "query">;

/** Rows of an installation with ten thousand plans. What is not here is small: sites, their places, users. */
const rows: Readonly<Record<string, number>> = {
  virtual_machine: 200_000,
  protected_vm: 200_000,
  vm_nic: 200_000,
  vm_recovery_settings: 200_000,
  vm_network_mapping: 50_000,
  vm_dependency: 50_000,
  ip_rule: 50_000,
  vm_command: 50_000,
  vm_probe: 50_000,
  vm_place: 50_000,
  protection_group: 20_000,
  replication_cycle: 20_000,
  group_lag: 20_000,
  storage_group: 20_000,
  storage_group_source: 20_000,
  datastore: 20_000,
  recovery_point: 200_000,
  recovery_plan: 10_000,
  plan_priority_group: 20_000,
  plan_protection_group: 20_000,
  plan_step: 30_000,
  readiness_evaluation: 10_000,
  readiness_finding: 500_000,
  recovery: 200_000,
  recovery_step: 5_000_000,
  recovery_group: 400_000,
  recovery_prompt: 100_000,
  recovery_remark: 50_000,
  task: 200_000,
  event: 10_000_000,
  audit_record: 1_000_000,
  audit_link: 2_000_000,
  lag_sample: 10_000_000,
  lag_sample_open: 120_000,
  rpo_violation: 1_000_000,
  notification: 100_000,
  notification_delivery: 200_000,
  idempotency_key: 100_000,
  session: 100_000,
  drill_occurrence: 100_000,
};

/** Columns that name a row of another table without a foreign key. */
const references: readonly (readonly [table: string, column: string, of: string])[] = [
  ["event", "recovery_id", "recovery"],
  ["lag_sample", "subject_id", "protection_group"],
  ["lag_sample_open", "subject_id", "protection_group"],
  ["rpo_violation", "group_id", "protection_group"],
  ["rpo_violation", "vm_id", "virtual_machine"],
  ["recovery_group", "group_id", "protection_group"],
  ["audit_record", "target_id", "recovery_plan"],
  ["task", "target_id", "recovery_plan"],
];

/** Columns that are mostly null, or hardly ever. */
const nulls: readonly (readonly [table: string, column: string, share: number])[] = [
  ["virtual_machine", "missing_since", 0.999],
  ["datastore", "missing_since", 0.999],
  ["replication_cycle", "lease_until", 0.999],
  ["notification_delivery", "next_attempt_at", 0.999],
  ["recovery", "ended_at", 0.001],
  ["rpo_violation", "closed_at", 0.001],
];

/** PostgreSQL 18 lets statistics be written. Each table keeps its pages, which are few: its rows are then many to a page. */
async function pretendLarge(client: Queryable): Promise<void> {
  for (const [table, count] of Object.entries(rows)) {
    await client.query(
      `SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', c.relname::text, 'reltuples', $2::real, 'relallvisible', 0,
          'relpages', greatest(1, pg_relation_size(c.oid) / 8192)::int4)
        FROM pg_class c WHERE c.oid = $1::regclass OR c.oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = $1::regclass)`,
      [table, count],
    );
  }
  const { rows: keys } = await client.query<{ table: string; column: string; of: string }>(
    `SELECT k.conrelid::regclass::text AS "table", a.attname AS "column", k.confrelid::regclass::text AS of FROM pg_constraint k
      JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] WHERE k.contype = 'f' AND cardinality(k.conkey) = 1`,
  );
  for (const { table, column, of } of [...keys, ...references.map(([table, column, of]) => ({ table, column, of }))]) {
    const count = rows[table];
    if (count !== undefined) await tell(client, table, column, 0, Math.min(rows[of] ?? 40, count) / count);
  }
  for (const [table, column, share] of nulls) await tell(client, table, column, share, 1);
}

/** Shares of the rows: those without a value, and how many values there are. */
async function tell(client: Queryable, table: string, column: string, nullShare: number, distinctShare: number): Promise<void> {
  await client.query(
    `SELECT pg_restore_attribute_stats('schemaname', 'public', 'relname', $1::text, 'attname', $2::text, 'inherited', false,
      'null_frac', $3::real, 'avg_width', 16, 'n_distinct', $4::real)`,
    [table, column, nullShare, -distinctShare],
  );
}

/** Large tables that hold nothing here: of these no plan tells anything. */
async function emptyOnes(client: Queryable): Promise<string[]> {
  const { rows: empty } = await client.query<{ name: string }>(
    "SELECT relname::text AS name FROM pg_class WHERE oid = ANY ($1::regclass[]) AND pg_relation_size(oid) = 0",
    [Object.keys(rows)],
  );
  return empty.map(({ name }) => name);
}

/** What a world (world.ts) has none of: a plan on an empty table tells nothing. */
export async function fillUp({ pool }: Pick<Database, "pool">): Promise<void> {
  await pool.query("INSERT INTO vm_place (vm_id, site_id) SELECT id, site_id FROM virtual_machine LIMIT 1");
  await pool.query(
    "INSERT INTO vm_probe (id, vm_id, position, kind) SELECT gen_random_uuid(), vm_id, 0, 'TCP' FROM vm_recovery_settings LIMIT 1",
  );
  await pool.query(
    "INSERT INTO session (id, token_hash, user_id, expires_at) SELECT id, 'x', id, dr_now() + interval '1 day' FROM user_account LIMIT 1",
  );
  await pool.query(
    "INSERT INTO idempotency_key (user_id, mutation, key, input_hash, answer) SELECT id, 'x', 'x', 'x', '{}' FROM user_account LIMIT 1",
  );
  await pool.query("INSERT INTO audit_link (position, record_id, part, hash) SELECT 1, id, 'BEGUN', sha256('x') FROM audit_record LIMIT 1");
}

/** Texts of what is sent to a database from now on, by any connection of this process; `stop` answers them. */
export function recordStatements(): { stop(): ReadonlySet<string> } {
  const texts = new Set<string>();
  const { query } = pg.Client.prototype;
  pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
    const [first] = given;
    const text = typeof first === "object" && first !== null && "text" in first ? first.text : first;
    if (typeof text === "string" && /^\s*(SELECT|WITH|INSERT|UPDATE|DELETE)/i.test(text)) texts.add(text);
    return Reflect.apply(query, this, given);
  };
  return {
    stop() {
      pg.Client.prototype.query = query;
      return texts;
    },
  };
}

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly Plan[];
}

/** Large tables that it reads from end to end, whatever the values: in full, or by an index without a condition that no LIMIT ends. */
async function readInFull(client: Queryable, text: string, partial: ReadonlySet<string>): Promise<string[]> {
  const { rows: answer } = await client.query<{ "QUERY PLAN": readonly { readonly Plan: Plan }[] }>(
    `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`,
  );
  const found = new Set<string>();
  const look = (plan: Plan, limited: boolean): void => {
    const table = plan["Relation Name"];
    const isLarge = table !== undefined && table in rows;
    const index = plan["Index Name"];
    const all =
      plan["Node Type"] === "Seq Scan" || (index !== undefined && plan["Index Cond"] === undefined && !limited && !partial.has(index));
    if (isLarge && all) found.add(table);
    const ends = plan["Node Type"] === "Limit" || (limited && !/Sort|Aggregate|Hash/.test(plan["Node Type"]));
    for (const inner of plan.Plans ?? []) look(inner, ends || plan["Node Type"] === "Incremental Sort");
  };
  for (const { Plan: plan } of answer[0]?.["QUERY PLAN"] ?? []) look(plan, false);
  return [...found].sort();
}

/** Which of these statements read which large table in full, but for those that may. No large table is empty, and each is taken for large. */
export async function fullReads(client: Queryable, texts: Iterable<string>): Promise<string[]> {
  await pretendLarge(client);
  const empty = await emptyOnes(client);
  if (empty.length > 0) throw new Error(`Of empty tables no plan tells anything: ${empty.join(", ")}.`);
  const partial = await partialIndexes(client);
  const full: string[] = [];
  for (const text of texts) {
    const may = new Set(mayReadInFull.filter(({ what }) => what.test(text)).flatMap(({ tables }) => tables));
    full.push(...(await readInFull(client, text, partial)).filter((table) => !may.has(table)).map((table) => `${table} by ${text}`));
  }
  return full;
}

/** Indexes of some of a table's rows: reading one in full is reading few. */
async function partialIndexes(client: Queryable): Promise<ReadonlySet<string>> {
  const { rows: names } = await client.query<{ name: string }>(
    "SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indpred IS NOT NULL",
  );
  return new Set(names.map(({ name }) => name));
}
