/** What proves a run that the engine has driven: by the API, and in the gateway's log. */
import { unzipSync } from "fflate";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database/database.ts";
import { csvOf } from "../../src/domain/documents/writers/csv.ts";
import { htmlOf } from "../../src/domain/documents/writers/html.ts";
import { jsonOf } from "../../src/domain/documents/writers/json.ts";
import { ConflictError, ServiceUnavailableError } from "../../src/domain/errors.ts";
import { createEvidence } from "../../src/domain/evidence/service.ts";
import { createTurns } from "../../src/domain/evidence/turns.ts";
import { encodeId, idOf } from "../../src/domain/ids.ts";
import { makeDocument } from "../../src/domain/reports/make.ts";
import { runVerify } from "../../src/verify/run.ts";
import { nothing } from "../coverage/row.ts";
import { drillWorld } from "../domain/drills/world.ts";
import { at, text } from "../domain/read/support.ts";
import { inkOf, pagesOf } from "../domain/reports/pictures.ts";
import { aRecovery } from "../events/support.ts";
import { ended } from "../support/command-line.ts";
import { aPublicStage, type PublicStage } from "../support/public-stage.ts";
import { aUser } from "../support/real-gateway.ts";
import { serviceContext } from "../support/services.ts";
import { checked, recomputed, sha, words } from "./hashes.ts";

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

  it("is verified by the command beside the running gateway, by the id and the head that the API shows", async () => {
    const { headHash, eventCount } = Object(await evidence());
    const argv = ["--recovery", recoveryId, "--head", headHash];
    const { code, out } = await ended(runVerify, { argv, env: { DATABASE_URL: stage.db.url } });
    expect([code, out]).toEqual([0, expect.stringContaining(`whole, ${eventCount} events.\n  head hash ${headHash}`)]);
  });

  it("says where an event was changed, though the head stays as it was", async () => {
    const { headHash } = Object(await evidence());
    const set = (by: string) => `UPDATE event SET occurred_at = occurred_at ${by} interval '1 ms' WHERE recovery_id = $1 AND sequence = 2`;
    await changed(set("+"), set("-"), async () => {
      const finding = { kind: "CHANGED", number: 2, position: expect.any(Number), auditRecordId: null, message: expect.any(String) };
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
const reported = (type: (typeof types)[number], requestedBy = "ada") => {
  const [rangeStart, rangeEnd] = [new Date(Date.now() - 86_400_000), new Date(Date.now() + 86_400_000)];
  rangeStart.setUTCHours(0, 0, 0, 0);
  rangeEnd.setUTCHours(0, 0, 0, 0);
  return makeDocument(stage.db.database.pool, { type, pageSize: "A4", rangeStart, rangeEnd, planIds: [], requestedBy });
};

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

describe("the evidence pack of a run", () => {
  const packUrl = async () =>
    text(
      await stage.ask("query ($id: ID!) { recovery(id: $id) { evidence { packUrl } } }", { id: recoveryId }),
      "recovery.evidence.packUrl",
    );
  const fetched = async (path: string, headers: Record<string, string> = {}, method = "GET") => {
    const response = await fetch(new URL(path, stage.gateway.url), { headers, method });
    return { response, status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
  };
  const codeOf = ({ body }: { body: Uint8Array }) => text(JSON.parse(Buffer.from(body).toString()), "errors.0.extensions.code");

  it("is one archive, always the same, whose checksums hold and whose events have the head that the run has", async () => {
    const { response, body } = await fetched(await packUrl());
    expect(response.headers.get("content-type")).toBe("application/zip");
    expect(response.headers.get("content-disposition")).toMatch(/^attachment; filename="evidence-office-test-\d{4}-\d\d-\d\dt\d{6}\.zip"$/);
    const files = unzipSync(body);
    expect(Object.keys(files)).toEqual(["readme.txt", "events.jsonl", "gantt.svg", "recovery.pdf", "steps.csv", "SHA256SUMS"]);
    const { headHash, eventCount } = Object(await evidence());
    expect(checked(files)).toEqual({ named: 5, wrong: [], head: headHash });
    for (const name of ["readme.txt", "recovery.pdf"] as const) expect(files[name]?.length).toBeGreaterThan(1_000);
    expect(words(files["readme.txt"])).toContain(`Head hash  ${headHash}`);
    const events = words(files["events.jsonl"])
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const counts = events.map(({ payload }) => (Array.isArray(payload) ? payload.length : 1));
    expect(Math.max(...counts)).toBeGreaterThan(1);
    const ends = counts.map((_, index) => counts.slice(0, index + 1).reduce((sum, count) => sum + count, 0));
    expect(events.map(({ sequence }) => sequence)).toEqual(ends);
    expect(ends.at(-1)).toBe(eventCount);
    expect(words(files["gantt.svg"])).toMatch(/^<svg .*Office/s);
    const steps = await stage.db.database.pool.query("SELECT 1 FROM recovery_step WHERE run_id = $1", [idOf("Recovery", recoveryId)]);
    expect(words(files["steps.csv"]).trimEnd().split("\r\n")).toHaveLength(1 + (steps.rowCount ?? 0));
    const pages = await pagesOf(files["recovery.pdf"] ?? new Uint8Array());
    for (const page of pages) expect(inkOf(page)).toEqual({ inside: true, margin: 0 });
    expect(pages.map((page) => page.text).join("\n")).toContain("The run ended with the result SUCCESS.");
    expect((await fetched(await packUrl())).body).toEqual(body);
  });

  it("shows where a byte of it was changed", async () => {
    const files = unzipSync((await fetched(await packUrl())).body);
    const { head } = checked(files);
    const events = Uint8Array.from(files["events.jsonl"] ?? []);
    const at = events.indexOf("2".charCodeAt(0), 200);
    events[at] = "3".charCodeAt(0);
    const after = checked({ ...files, "events.jsonl": events });
    expect(after.wrong).toEqual(["events.jsonl"]);
    expect(after.head).not.toBe(head);
    expect(checked({ ...files, "steps.csv": new Uint8Array(3) }).wrong).toEqual(["steps.csv"]);
  });

  it("is for who may read what commands write, by a session or by a link that is good", async () => {
    const path = await packUrl();
    const bare = path.split("?")[0] ?? "";
    const { database } = stage.db;
    await aUser(database, "vera", ["VIEWER"]);
    const [viewer, operator] = [await stage.gateway.signIn("vera"), await stage.gateway.signIn("ada")];
    expect((await fetched(bare, { "session-token": operator }, "HEAD")).status).toBe(200);
    const refusals = [
      await fetched(bare),
      await fetched(bare, { "session-token": viewer }),
      await fetched(path.replace("expires=1", "expires=2")),
    ];
    expect(refusals.map((one) => [one.status, codeOf(one)])).toEqual([
      [401, "UNAUTHORIZED"],
      [403, "FORBIDDEN"],
      [401, "UNAUTHORIZED"],
    ]);
    const { data } = await stage.gateway.ask(
      "query ($id: ID!) { recovery(id: $id) { evidence { packUrl headHash } } }",
      { id: recoveryId },
      { "session-token": viewer },
    );
    expect(data).toEqual({ recovery: { evidence: { packUrl: null, headHash: expect.any(String) } } });
  });

  it("is not there for a run that never was, nor for one that is under way", async () => {
    const headers = { "session-token": await stage.gateway.signIn("ada") };
    const never = await fetched(`/recoveries/${nothing("Recovery")}/evidence.zip`, headers);
    expect([never.status, codeOf(never)]).toEqual([404, "NOT_FOUND"]);
    const id = encodeId("Recovery", await aRecovery(stage.db.database.pool));
    const open = await fetched(`/recoveries/${id}/evidence.zip`, headers);
    expect([open.status, codeOf(open)]).toEqual([409, "CONFLICT"]);
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
    const first = await turns.take(signal);
    const second = turns.take(signal).then((turn) => {
      order.push("second");
      return turn;
    });
    await expect(turns.take(signal)).rejects.toThrow(ServiceUnavailableError);
    order.push("first ends");
    first[Symbol.dispose]();
    (await second)[Symbol.dispose]();
    expect(order).toEqual(["first ends", "second"]);
    (await turns.take(signal))[Symbol.dispose]();
  });

  it("that nobody waits for leaves the line, and its place to another one", async () => {
    const turns = createTurns({ atOnce: 1, mostWaiting: 1 });
    const first = await turns.take(signal);
    const gone = new AbortController();
    const left = expect(turns.take(gone.signal)).rejects.toThrow("gone");
    gone.abort(new Error("gone"));
    await left;
    const next = turns.take(signal);
    first[Symbol.dispose]();
    (await next)[Symbol.dispose]();
    await expect(turns.take(gone.signal)).rejects.toThrow("gone");
    (await turns.take(signal))[Symbol.dispose]();
  });

  it("of a log does not wait for those of runs", async () => {
    await using open = new AsyncDisposableStack();
    const database = open.use(await openDatabase({ url: stage.db.url, poolSize: 3 }));
    const blocker = open.adopt(await database.connectDirect("test"), (client) => client.end());
    const service = createEvidence(serviceContext(database));
    await blocker.query("BEGIN; LOCK TABLE event");
    const runs = [1, 2, 3].map(() => service.verifyRecovery(idOf("Recovery", recoveryId), { signal }));
    expect(await service.verifyAuditLog({ signal })).toMatchObject({ findingCount: 0 });
    await blocker.query("COMMIT");
    for (const run of runs) expect(await run).toMatchObject({ findingCount: 0 });
  });
});
