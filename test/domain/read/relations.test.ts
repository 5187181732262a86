/** Every relation of the schema, walked from 1 and from 50 objects: as many SQL statements. Made from the schema: a new field is in it. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { schema } from "../../../src/domain/schema.ts";
import { relationsOf } from "../../support/schema-walk.ts";
import { aWorld } from "../../support/world.ts";
import { type Asker, anAsker, list } from "./support.ts";

/** Where the objects of each type with an id stand. */
const tables: Readonly<Record<string, string>> = {
  ArrayManager: "array_manager",
  AuditRecord: "audit_record",
  CommandStep: "plan_step WHERE type = 'COMMAND'",
  Datastore: "datastore",
  Drill: "drill",
  DrillOccurrence: "drill_occurrence",
  Folder: "folder",
  FolderMapping: "folder_mapping",
  Leftover: "leftover",
  Network: "network",
  NetworkMapping: "network_mapping",
  NotificationDelivery: "notification_delivery",
  PauseStep: "plan_step WHERE type = 'PAUSE'",
  PriorityGroup: "plan_priority_group",
  Prompt: "recovery_prompt",
  PromptStep: "plan_step WHERE type = 'PROMPT'",
  ProtectionGroup: "protection_group",
  ReadinessFinding: "readiness_finding",
  Recovery: "recovery",
  RecoveryPlan: "recovery_plan",
  RecoveryPoint: "recovery_point",
  RecoveryRemark: "recovery_remark",
  RecoveryStep: "recovery_step",
  ReplicationServer: "replication_server",
  Report: "report",
  ResourceMapping: "resource_mapping",
  ResourcePool: "resource_pool",
  RpoViolation: "rpo_violation",
  Site: "site",
  SitePairing: "site_pairing",
  Task: "task",
  User: "user_account",
  VirtualMachine: "virtual_machine",
  Webhook: "webhook",
};

/** Relations that the world here does not show, and why. */
const notShown: Readonly<Record<string, string>> = {
  "ProtectionGroup.activeTask": "tasks of groups are the engine's own test",
  "Recovery.rerunOf": "reruns come with real recoveries",
  "TaskTarget:ProtectionGroup": "tasks of groups are the engine's own test",
};

const many = 50;
const relations = relationsOf(schema);

/** Objects of several kinds, each of which asks for something else: a few of all kinds are the measure. */
const mixed: ReadonlySet<string> = new Set(["RecoveryStep.allowedOperations"]);

describe("reading a relation", () => {
  let asker: Asker;
  const ids = new Map<string, string[]>();
  beforeAll(async () => {
    asker = await anAsker();
    await aWorld(asker.database, many);
    await asker.context().services.evidence.signedPath("the key that links are signed with is read once");
    for (const [type, table] of Object.entries(tables)) {
      const id = type === "RecoveryStep" ? "run_id || '/' || ordinal" : "id::text";
      const { rows } = await asker.database.pool.query<{ id: string }>(`SELECT ${id} AS id FROM ${table} ORDER BY 1`);
      ids.set(
        type,
        rows.map((row) => encodeId(type, row.id)),
      );
    }
  }, 60_000);
  afterAll(() => asker.drop());

  async function walk(query: string, some: readonly string[]) {
    const spy = vi.spyOn(asker.database.pool, "query");
    const answer = await asker.ask(query, { ids: some });
    const statements = spy.mock.calls.length;
    spy.mockRestore();
    return { statements, parts: list(answer, "nodes").map((part) => JSON.stringify(part)) };
  }

  it("is known for every type with an id", () => {
    expect(new Set(relations.filter(({ query }) => query).map(({ from }) => from))).toEqual(new Set(Object.keys(tables)));
  });

  it.each(relations)("$name costs as many statements for 50 as for one", async ({ name, from, query }) => {
    const all = ids.get(from) ?? [];
    // By a prime, so that no regularity of the rows leaves a kind of them out.
    const spread = Array.from({ length: many }, (_, at) => all[(at * 7919) % all.length] ?? "");
    const whole = await walk(query, spread);
    const field = name.split(/[.:]/)[1];
    const shows = (answer: string) => field === undefined || new RegExp(`"${field}":(\\{|\\[\\{)`).test(answer);
    const shown = spread.filter((_, at) => shows(whole.parts[at] ?? ""));
    if (!(name in notShown)) expect(shown, "objects with something behind the relation").not.toEqual([]);
    const few = [...shown.slice(0, 4), ...spread.slice(0, 2)];
    let most = 0;
    for (const id of few) most = Math.max(most, (await walk(query, [id])).statements);
    if (mixed.has(name)) most = (await walk(query, few)).statements;
    expect(whole.statements).toBeLessThanOrEqual(most);
  });
});
