/** Reports as a client gets them: asked for by GraphQL, made in the background, fetched by their link or with a session. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expireReports } from "../../../src/domain/reports/expiry.ts";
import { enqueue } from "../../../src/jobs/queue.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { aUser, type RealGateway, realGateway } from "../../support/real-gateway.ts";
import { aGroup, aPair, aPlan, aRun } from "../../support/rows.ts";
import { at, text } from "../read/support.ts";
import { inkOf, pagesOf } from "./pictures.ts";

let db: TestDatabase;
let gateway: RealGateway;
let token: string;
let planId: string;

const name = "Ψ Бухгалтерия 東京";
beforeAll(async () => {
  db = await freshDatabase();
  const { database } = db;
  gateway = await realGateway(database);
  await aUser(database, "ada", ["VIEWER"]);
  token = await gateway.signIn("ada");
  const pair = await aPair(database);
  const { groupId } = await aGroup(database, pair, "=HYPERLINK(1)", 2);
  planId = await aPlan(database, pair, name, [{ groupIds: [groupId] }]);
  await aRun(database, pair, planId, [
    { kind: "VM", name: "web", status: "SUCCEEDED", children: [{ kind: "POWER_ON", name: "power on", status: "SUCCEEDED" }] },
  ]);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await db.drop();
});

const dateRange = { startDate: "2026-01-01T00:00:00Z", endDate: "2026-02-01T00:00:00Z" };
const fields = "id state progressPercent failure generatedAt expiresAt sizeBytes checksum downloadUrl";

async function ask(query: string, variables: object = {}): Promise<unknown> {
  const { data, errors } = await gateway.ask(query, variables, { "session-token": token });
  if (errors?.length) throw new Error(JSON.stringify(errors));
  return data;
}
const generate = (input: object) =>
  ask(
    `mutation ($input: GenerateComplianceReportInput!) { generateComplianceReport(input: $input) {
      ... on GenerateComplianceReportPayload { report { id state } } ... on Error { code message } ... on InvalidRequestError { fieldErrors { path message } } ... on ConflictError { limit current } } }`,
    { input: { dateRange, ...input } },
  ).then((data) => at(data, "generateComplianceReport"));
const read = (id: string) => ask(`query ($id: ID!) { report(id: $id) { ${fields} } }`, { id }).then((data) => at(data, "report"));

/** Asked for, and waited for. */
async function made(input: object) {
  const id = text(await generate(input), "report.id");
  for (;;) {
    const report = await read(id);
    if (at(report, "state") !== "GENERATING") return { id, report, url: new URL(text(report, "downloadUrl"), gateway.gateway.url) };
  }
}
const fetched = async (url: URL | string, headers: Record<string, string> = {}, method = "GET") => {
  const response = await fetch(url, { headers, method });
  return { response, status: response.status, body: Buffer.from(await response.arrayBuffer()) };
};
const codeOf = ({ body }: { body: Buffer }) => text(JSON.parse(body.toString()), "errors.0.extensions.code");

describe("a report", () => {
  it.each([
    ["PDF", "application/pdf", "pdf"],
    ["CSV", "text/csv; charset=utf-8", "csv"],
    ["JSON", "application/json; charset=utf-8", "json"],
    ["HTML", "text/html; charset=utf-8", "html"],
  ])("in %s is made in the background, and fetched by its link", async (format, type, extension) => {
    const { report, url } = await made({ type: "TEST_HISTORY", format });
    expect(report).toMatchObject({ state: "COMPLETED", progressPercent: 100, failure: null });
    expect(Date.parse(text(report, "expiresAt")) - Date.parse(text(report, "generatedAt"))).toBe(24 * 3_600_000);
    const { response, body } = await fetched(url);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": type,
      "content-disposition": expect.stringMatching(
        new RegExp(`^attachment; filename="test-history-2026-01-01-to-2026-02-01-[0-9a-f]{8}\\.${extension}"$`),
      ),
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "content-length": String(body.length),
    });
    expect([body.length, createHash("sha256").update(body).digest("hex")]).toEqual([at(report, "sizeBytes"), at(report, "checksum")]);
    expect((await fetched(url, {}, "HEAD")).body).toHaveLength(0);
  });

  it("names what Latin has no letters for: selectable in a PDF, by code points where its font has none", async () => {
    const { url } = await made({ type: "TEST_HISTORY", format: "PDF", pageSize: "LETTER" });
    const pages = await pagesOf((await fetched(url)).body);
    const words = pages.map((page) => page.text).join("\n");
    expect(words).toContain("Ψ Бухгалтерия [6771][4EAC]");
    for (const page of pages) expect(inkOf(page)).toEqual({ inside: true, margin: 0 });
    expect(words).toContain(`Page ${pages.length} of ${pages.length}`);
    expect(pages.map(({ size }) => size)).toEqual(pages.map(() => ({ width: 612, height: 792 })));
    const { url: html } = await made({ type: "TEST_HISTORY", format: "HTML" });
    expect((await fetched(html)).body.toString()).toContain(name);
  });

  it("is a file that a spreadsheet opens and computes nothing of", async () => {
    const { url } = await made({ type: "PROTECTION_STATUS", format: "CSV" });
    const csv = (await fetched(url)).body.toString();
    expect(csv.startsWith("\ufeffreport,")).toBe(true);
    expect(csv).toContain(`"'=HYPERLINK(1)"`);
    expect(csv).not.toMatch(/(^|,)"?[=+@-]\D/m);
  });

  it("is fetched with a session as well, and by nobody without either", async () => {
    const { url } = await made({ type: "TEST_HISTORY", format: "JSON" });
    const bare = new URL(url.pathname, url);
    expect((await fetched(bare, { "session-token": token })).status).toBe(200);
    const nobody = await fetched(bare);
    expect([nobody.status, codeOf(nobody)]).toEqual([401, "UNAUTHORIZED"]);
  });

  it("is not given for a link that was changed, is another report's, or is over", async () => {
    const [first, second] = [await made({ type: "TEST_HISTORY", format: "JSON" }), await made({ type: "TEST_HISTORY", format: "CSV" })];
    const changed = (change: (url: URL) => void) => {
      const url = new URL(first.url);
      change(url);
      return fetched(url);
    };
    const later = changed((url) => url.searchParams.set("expires", String(Number(url.searchParams.get("expires")) + 60)));
    const other = changed((url) => {
      url.pathname = second.url.pathname;
    });
    const half = changed((url) => url.searchParams.delete("signature"));
    const flipped = changed((url) => {
      const signature = url.searchParams.get("signature") ?? "";
      url.searchParams.set("signature", (signature.startsWith("A") ? "B" : "A") + signature.slice(1));
    });
    for (const refused of await Promise.all([later, other, half, flipped]))
      expect([refused.status, codeOf(refused), refused.body.toString()]).toEqual([
        401,
        "UNAUTHORIZED",
        expect.stringContaining("Read the field downloadUrl again"),
      ]);
  });

  it("is read anew with another link each second, while its row stays the same", async () => {
    const { id } = await made({ type: "TEST_HISTORY", format: "JSON" });
    const now = Math.floor(Date.now() / 1_000);
    const expires = Number(new URL(text(await read(id), "downloadUrl"), gateway.url).searchParams.get("expires"));
    expect(expires - now).toBeGreaterThanOrEqual(300);
    expect(expires - now).toBeLessThanOrEqual(302);
  });

  it("expires after a day: it says so at once, its content goes, and the rest stays for 90 days", async () => {
    const { id, url } = await made({ type: "TEST_HISTORY", format: "JSON" });
    const { pool } = db.database;
    await pool.query("UPDATE report SET generated_at = generated_at - interval '1 day', expires_at = expires_at - interval '1 day'");
    expect(await read(id)).toMatchObject({ state: "EXPIRED", downloadUrl: null });
    const gone = await fetched(url);
    expect([gone.status, codeOf(gone)]).toEqual([409, "CONFLICT"]);
    expect(await expireReports(pool)).toBeGreaterThan(0);
    const { rows } = await pool.query("SELECT count(*)::int4 AS kept FROM report WHERE content IS NOT NULL");
    expect(rows).toEqual([{ kept: 0 }]);
    await pool.query("UPDATE report SET requested_at = requested_at - interval '91 days'");
    await expireReports(pool);
    expect(await read(id)).toBeNull();
  });

  it("goes on after its node was killed, and fails in the end when it kills each", async () => {
    const { pool } = db.database;
    const ids = ["0190aaaa-0000-7000-8000-000000000001", "0190aaaa-0000-7000-8000-000000000002"];
    for (const id of ids) {
      await pool.query(
        "INSERT INTO report (id, type, format, range_start, range_end, requested_by) VALUES ($1, 'TEST_HISTORY', 'JSON', '2026-01-01', '2026-02-01', 'ada')",
        [id],
      );
    }
    await pool.query("INSERT INTO job (id, queue, key, attempt) VALUES (gen_random_uuid(), 'report', $1, 3)", [ids[1]]);
    await enqueue(pool, "report", ids);
    const states = async () => (await pool.query("SELECT state, failure FROM report WHERE id = ANY($1::uuid[]) ORDER BY id", [ids])).rows;
    while ((await states()).some(({ state }) => state === "GENERATING"));
    expect(await states()).toEqual([
      { state: "COMPLETED", failure: null },
      { state: "FAILED", failure: "The gateway ended while it worked on this." },
    ]);
  });

  it("tells of itself in the log: asked for, further, done", async () => {
    const { id } = await made({ type: "RECOVERY_READINESS", format: "JSON" });
    const { rows } = await db.database.pool.query(
      "SELECT payload->>'change' AS change FROM event WHERE kind = 'REPORT_CHANGED' AND payload->>'id' = $1 ORDER BY position",
      [Buffer.from(id, "base64url").toString().split(":")[1]],
    );
    expect(rows.map(({ change }) => change)).toEqual(["CREATED", "UPDATED", "UPDATED", "UPDATED"]);
  });

  it("is refused for a range that ends before it begins, for a plan that never was, and while ten are being made", async () => {
    const backwards = { startDate: dateRange.endDate, endDate: dateRange.startDate };
    expect(await generate({ type: "TEST_HISTORY", format: "PDF", dateRange: backwards })).toMatchObject({
      code: "INVALID_REQUEST",
      fieldErrors: [{ path: ["dateRange", "endDate"] }],
    });
    const nothing = Buffer.from("RecoveryPlan:0190aaaa-0000-7000-8000-00000000000f").toString("base64url");
    expect(await generate({ type: "TEST_HISTORY", format: "PDF", planIds: [nothing] })).toMatchObject({ code: "NOT_FOUND" });
    await db.database.pool.query(
      `INSERT INTO report (id, type, format, range_start, range_end, requested_by_id, requested_by)
       SELECT gen_random_uuid(), 'TEST_HISTORY', 'JSON', '2026-01-01', '2026-02-01', u.id, u.name FROM user_account u, generate_series(1, 10)`,
    );
    expect(await generate({ type: "TEST_HISTORY", format: "PDF" })).toMatchObject({ code: "CONFLICT", limit: 10, current: 10 });
    await db.database.pool.query("DELETE FROM report WHERE state = 'GENERATING'");
  });
});
