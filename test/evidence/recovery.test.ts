/** What proves a run that the engine has driven: by the API, and in the gateway's log. */
import { createHash } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConflictError, ServiceUnavailableError } from "../../src/domain/errors.ts";
import { createEvidence } from "../../src/domain/evidence/service.ts";
import { createTurns } from "../../src/domain/evidence/turns.ts";
import { idOf } from "../../src/domain/ids.ts";
import { makeDocument } from "../../src/domain/reports/make.ts";
import { csvOf } from "../../src/domain/reports/writers/csv.ts";
import { htmlOf } from "../../src/domain/reports/writers/html.ts";
import { jsonOf } from "../../src/domain/reports/writers/json.ts";
import { nothing } from "../coverage/row.ts";
import { drillWorld } from "../domain/drills/world.ts";
import { at, text } from "../domain/read/support.ts";
import { aPublicStage, type PublicStage } from "../support/public-stage.ts";
import { serviceContext } from "../support/services.ts";

const logged: string[] = [];
let stage: PublicStage;
/** Has ended. */
let recoveryId: string;
beforeAll(async () => {
  stage = await aPublicStage(drillWorld, {}, { log: pino({ level: "info" }, { write: (line: string) => void logged.push(line) }) });
  const plans = await stage.ask('{ recoveryPlans(filter: { name: "Office" }) { nodes { id } } }');
  const planId = text(plans, "recoveryPlans.nodes.0.id");
  ({ recoveryId } = await stage.run("startRecovery", { planId, recoveryType: "TEST", notes: '=1+1, "漢"' }));
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const found = "isWhole verifiedCount headHash findingCount findings { kind number position auditRecordId message }";
const verify = async (keptHash: string | null = null) =>
  at(
    await stage.ask(`query ($id: ID!, $keptHash: String) { verifyRecovery(recoveryId: $id, keptHash: $keptHash) { ${found} } }`, {
      id: recoveryId,
      keptHash,
    }),
    "verifyRecovery",
  );
const evidence = async () =>
  at(
    await stage.ask("query ($id: ID!) { recovery(id: $id) { evidence { eventCount headHash } } }", { id: recoveryId }),
    "recovery.evidence",
  );
const changed = async (sql: string, back: string, look: () => Promise<void>) => {
  const { pool } = stage.db.database;
  const id = idOf("Recovery", recoveryId);
  await pool.query(sql, [id]);
  await look().finally(() => pool.query(back, [id]));
};

describe("the evidence of an ended run", () => {
  it("names the head of its chain, which a verification finds whole and the gateway's log has too", async () => {
    const { eventCount, headHash } = Object(await evidence());
    expect(headHash).toMatch(/^[0-9a-f]{64}$/);
    const whole = { isWhole: true, verifiedCount: eventCount, headHash, findingCount: 0, findings: [] };
    expect(await verify()).toEqual(whole);
    expect(await verify(headHash.toUpperCase())).toEqual(whole);
    const ends = logged.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "a run has ended");
    expect(ends).toEqual([
      expect.objectContaining({
        runId: idOf("Recovery", recoveryId),
        plan: "Office",
        kind: "TEST",
        resultState: "SUCCESS",
        events: eventCount,
        headHash,
      }),
    ]);
  });

  it("says where an event was changed, though the head stays as it was", async () => {
    const { headHash } = Object(await evidence());
    const set = (by: string) => `UPDATE event SET occurred_at = occurred_at ${by} interval '1 ms' WHERE recovery_id = $1 AND sequence = 3`;
    await changed(set("+"), set("-"), async () => {
      const finding = { kind: "CHANGED", number: 3, position: expect.any(Number), auditRecordId: null, message: expect.any(String) };
      expect(await verify()).toMatchObject({ isWhole: false, headHash, findingCount: 1, findings: [finding] });
    });
    expect(await verify()).toMatchObject({ isWhole: true });
  });

  it("is not in a chain that has another head than the one that was kept", async () => {
    expect(await verify("ab".repeat(32))).toMatchObject({
      isWhole: false,
      findings: [{ kind: "OTHER_HEAD", number: null, position: null }],
    });
  });

  it("is null of a run that never was, and refused for what can be no hash", async () => {
    const query = "query ($id: ID!, $hash: String) { verifyRecovery(recoveryId: $id, keptHash: $hash) { isWhole } }";
    expect(await stage.ask(query, { id: nothing("Recovery") })).toEqual({ verifyRecovery: null });
    await expect(stage.ask(query, { id: recoveryId, hash: "abc" })).rejects.toThrow(/INVALID_REQUEST.*keptHash|keptHash.*INVALID_REQUEST/s);
  });
});

const types = ["RPO_RTO_COMPLIANCE", "TEST_HISTORY", "PROTECTION_STATUS", "RECOVERY_READINESS"] as const;
const sha = (text: string) => createHash("sha256").update(text).digest("hex");
const reported = (type: (typeof types)[number], requestedBy = "ada") => {
  const [rangeStart, rangeEnd] = [new Date(Date.now() - 86_400_000), new Date(Date.now() + 86_400_000)];
  rangeStart.setUTCHours(0, 0, 0, 0);
  rangeEnd.setUTCHours(0, 0, 0, 0);
  return makeDocument(stage.db.database.pool, { type, pageSize: "A4", rangeStart, rangeEnd, planIds: [], requestedBy });
};
/** As docs/evidence.md says, of the file alone. */
const recomputed = (json: string) => {
  const { madeAt, madeFor, factsHash, ...facts } = JSON.parse(json);
  expect([madeAt, madeFor, factsHash].every((value) => typeof value === "string")).toBe(true);
  return sha(sorted(facts));
};
function sorted(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(sorted).join(",")}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${sorted(Object(value)[name])}`).join(",")}}`;
}

describe("a report", () => {
  it.each(types)("of type %s names the heads of the runs that it is made of, and a hash of all that it says", async (type) => {
    const { headHash, eventCount } = Object(await evidence());
    const document = await reported(type);
    const section = document.sections.at(-1);
    expect(section?.title).toBe("Evidence");
    const rows = section?.tables.flatMap((table) => table.rows) ?? [];
    if (type === "PROTECTION_STATUS") expect(rows).toEqual([]);
    else {
      const row = ["Office", "TEST", expect.any(String), expect.any(String), eventCount, recoveryId, headHash];
      expect(rows).toEqual([row]);
      expect(section?.text).toContain(sha(`${headHash}\n`));
    }
    expect(recomputed(jsonOf(document))).toBe(document.factsHash);
    for (const written of [csvOf(document), htmlOf(document)]) expect(written).toContain(document.factsHash);
  });

  it("has the same hash whoever it was made for, and another one once what it says is another", async () => {
    const [first, second] = [await reported("TEST_HISTORY"), await reported("TEST_HISTORY", "bob")];
    expect(second.factsHash).toBe(first.factsHash);
    const notes = (text: string) => `UPDATE recovery SET notes = '${text}' WHERE id = $1`;
    await changed(notes("other"), notes('=1+1, "漢"'), async () => {
      expect((await reported("TEST_HISTORY")).factsHash).not.toBe(first.factsHash);
    });
  });
});

describe("the logs as a whole", () => {
  it("are verified for administrators, where an audit record was changed too", async () => {
    const query = `{ verifyEventLog { ${found} } verifyAuditLog { ${found} } }`;
    expect(await stage.ask(query)).toMatchObject({ verifyEventLog: { isWhole: true }, verifyAuditLog: { isWhole: true, findings: [] } });
    const record = text(await stage.ask('{ auditLog(filter: { operation: "startRecovery" }) { nodes { id } } }'), "auditLog.nodes.0.id");
    const set = (name: string) =>
      `UPDATE audit_record SET user_name = '${name}' WHERE operation = 'startRecovery' AND $1::uuid IS NOT NULL`;
    await changed(set("eve"), set("ada"), async () => {
      expect(at(await stage.ask(query), "verifyAuditLog.findings")).toEqual([
        expect.objectContaining({ kind: "CHANGED", auditRecordId: record }),
      ]);
    });
  });
});

describe("a verification", () => {
  const { signal } = new AbortController();

  it("that takes too long is a conflict that names the command, and one that nobody waits for stops", async () => {
    const service = createEvidence(serviceContext(stage.db.database), () => AbortSignal.abort());
    await expect(service.verifyEventLog({ signal })).rejects.toThrow(ConflictError);
    await expect(stage.gateway.services.evidence.verifyAuditLog({ signal: AbortSignal.abort(new Error("gone")) })).rejects.toThrow("gone");
  });

  it("waits for its turn, and is refused where the line is full", async () => {
    const turns = createTurns({ atOnce: 1, mostWaiting: 1 });
    const order: string[] = [];
    const first = await turns.take();
    const second = turns.take().then((turn) => {
      order.push("second");
      return turn;
    });
    await expect(turns.take()).rejects.toThrow(ServiceUnavailableError);
    order.push("first ends");
    first[Symbol.dispose]();
    (await second)[Symbol.dispose]();
    expect(order).toEqual(["first ends", "second"]);
    (await turns.take())[Symbol.dispose]();
  });
});
