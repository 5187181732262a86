/**
 * Every relation of the schema, walked from 1 and from 50 objects: as many SQL statements. Made from the schema: a new field is in it. From 1
 * it is walked as compiled queries are, from 50 as graphql does it: the answers are the same.
 */
import { readdirSync, readFileSync } from "node:fs";
import { parse, validate } from "graphql";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { schema } from "../../../src/domain/schema.ts";
import { examples } from "../../../src/gateway/examples.ts";
import { operationsOf } from "../../docs/operations.ts";
import { chances } from "../../gateway/fuzz/chance.ts";
import { operationOf } from "../../gateway/fuzz/operation.ts";
import { runCompiled } from "../../support/compiled.ts";
import { fillUp, fullReads, recordStatements } from "../../support/large-tables.ts";
import { relationsOf } from "../../support/schema-walk.ts";
import { aWorld } from "../../support/world.ts";
import { askEveryList, doWhatIsDone } from "./every-operation.ts";
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
  let sent: ReturnType<typeof recordStatements>;
  const ids = new Map<string, string[]>();
  beforeAll(async () => {
    asker = await anAsker();
    await aWorld(asker.database, many);
    await fillUp(asker.database);
    await asker.context().services.evidence.signedPath("the key that links are signed with is read once");
    const now = new Date().toISOString(); // and stays, so that what is computed by it does
    await asker.database.pool.query(
      `CREATE OR REPLACE FUNCTION dr_now() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''${now}''::timestamptz'`,
    );
    for (const [type, table] of Object.entries(tables)) {
      const id = type === "RecoveryStep" ? "run_id || '/' || ordinal" : "id::text";
      const { rows } = await asker.database.pool.query<{ id: string }>(`SELECT ${id} AS id FROM ${table} ORDER BY 1`);
      ids.set(
        type,
        rows.map((row) => encodeId(type, row.id)),
      );
    }
    sent = recordStatements();
  }, 60_000);
  afterAll(() => asker.drop());

  async function walk(query: string, some: readonly string[], answers = asker.ask) {
    const spy = vi.spyOn(asker.database.pool, "query");
    const answer = await answers(query, { ids: some });
    const statements = spy.mock.calls.length;
    spy.mockRestore();
    return { statements, parts: list(answer, "nodes").map((part) => JSON.stringify(part).replace(signature, "")) };
  }

  /** A link is signed anew for each second. */
  const signature = /\?expires=\d+&signature=[\w-]+/g;

  const asCompiled: Asker["ask"] = async (query, variables = {}) => {
    const answer = await runCompiled(query, variables, asker.context());
    if (!answer || answer.errors?.[0]) throw answer?.errors?.[0] ?? new Error("it is not compiled");
    return JSON.parse(JSON.stringify(answer.data));
  };

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
    for (const id of few) {
      const { statements, parts } = await walk(query, [id], asCompiled);
      expect(parts).toEqual([whole.parts[spread.indexOf(id)]]);
      most = Math.max(most, statements);
    }
    if (mixed.has(name)) most = (await walk(query, few)).statements;
    expect(whole.statements).toBeLessThanOrEqual(most);
  });

  /** A variable of a guide or an example is called after what it names the id of: `$planId`, `$runId`. */
  const idFor = (name: string) => {
    const type = [...ids.keys()].find((one) => one.toLowerCase().endsWith(name.replace(/Id$/, "").toLowerCase()));
    return ids.get(type ?? "Recovery")?.[0];
  };

  const guides = () => readdirSync("docs").filter((file) => file.endsWith(".md"));
  const written: { readonly place: string; readonly text: string; readonly given?: Record<string, unknown> }[] = [
    ...examples().map(({ name, query, variables }) => ({ place: name, text: query, given: JSON.parse(variables) })),
    ...guides().flatMap((file) => operationsOf(file, readFileSync(`docs/${file}`, "utf8"), schema)),
  ];
  const drawn = () =>
    chances(7, 60).flatMap((chance, at) => {
      const { query, variables } = operationOf(schema, "query", chance, { ids, cursors: ["none"], hostility: at % 3 === 0 ? 0.2 : 0 });
      return validate(schema, parse(query)).length > 0 ? [] : [{ place: `drawn ${at}`, text: query, given: variables }];
    });

  it("answers each query of the guides and examples, and others of all kinds, the same when it is compiled", async () => {
    let compared = 0;
    let texts = 0;
    for (const { place, text, given = {} } of [...written, ...drawn()]) {
      const names = [...text.matchAll(/\$(\w+): (ID|\[ID)/g)].map(([, name = ""]) => [name, idFor(name)]);
      const variables = { ...Object.fromEntries(names), ...given };
      const context = asker.context();
      const compiled = /^\s*(#.*\n)*\s*(query|\{)/.test(text) ? await runCompiled(text, variables, context) : null;
      if (!compiled) continue;
      const expected = JSON.stringify(await asker.answer(text, variables, context));
      expect(JSON.stringify(compiled), place).toBe(expected);
      expect(compiled.stringify?.() ?? expected, place).toBe(expected);
      if (JSON.stringify(compiled.data).includes("[{") && compiled.stringify) texts++;
      compared++;
    }
    expect(compared).toBeGreaterThan(80);
    expect(texts).toBeGreaterThan(0);
  });

  it("reads no large table from end to end, nor does a list in any order or by any filter, nor what goes on by itself", async () => {
    expect(await askEveryList(asker, schema, ids)).toBeGreaterThan(100);
    await doWhatIsDone(asker);
    const texts = [...sent.stop()];
    expect(texts.length).toBeGreaterThan(300);
    await using stack = new AsyncDisposableStack();
    const client = stack.adopt(await asker.database.pool.connect(), (used) => used.release(true));
    expect(await fullReads(client, texts)).toEqual([]);
    // Without an index it would be seen; cycles that are due would be looked for from the side of all groups.
    await client.query("DROP INDEX protected_vm_group_id_name_key_vm_id_idx, replication_cycle_next_at_idx, recovery_plan_by_last_test");
    const some = texts.filter((text) => /^SELECT above.*protected_vm|WITH busy AS|ORDER BY coalesce\(p\.last_test_at/s.test(text));
    const seen = new Set((await fullReads(client, some)).map((line) => line.split(" by ")[0]));
    expect([...seen]).toEqual(expect.arrayContaining(["protected_vm", "protection_group", "recovery_plan"]));
  });
});
