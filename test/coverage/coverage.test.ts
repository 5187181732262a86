/** docs/coverage.md, row by row, through HTTP: a gateway with the demo's data, as `npm start` runs it. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataFolder, type GatewayProcess, startProcess } from "../e2e/gateway-process.ts";
import { post } from "../gateway/support.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { type Api, apiOf } from "./api.ts";
import type { Rows } from "./row.ts";
import { documentRows } from "./rows-documents.ts";
import { guardRows } from "./rows-guards.ts";
import { historyRows } from "./rows-history.ts";
import { inventoryRows } from "./rows-inventory.ts";
import { placeRows } from "./rows-places.ts";
import { planRows } from "./rows-plans.ts";
import { protectionRows } from "./rows-protection.ts";
import { recoveryRows } from "./rows-recoveries.ts";
import { ruleRows } from "./rows-rules.ts";
import { runRows } from "./rows-runs.ts";
import { sessionRows } from "./rows-sessions.ts";
import { settingRows } from "./rows-settings.ts";
import { siteRows } from "./rows-sites.ts";
import { watchingRows } from "./rows-watching.ts";
import { writeSeed } from "./seed.ts";

const rows: Rows = {
  ...sessionRows,
  ...siteRows,
  ...placeRows,
  ...inventoryRows,
  ...protectionRows,
  ...planRows,
  ...settingRows,
  ...runRows,
  ...recoveryRows,
  ...watchingRows,
  ...ruleRows,
  ...guardRows,
  ...historyRows,
  ...documentRows,
};

/** The first column of the table, without its head. */
const table = readFileSync(resolve(import.meta.dirname, "../../docs/coverage.md"), "utf8")
  .split("\n")
  .flatMap((line) => /^\| (.*?) \| /.exec(line)?.[1] ?? [])
  .filter((name) => name !== "reference" && !name.startsWith("---"));

const password = "for the coverage of every row";
const user = "admin";
let db: TestDatabase;
let folder: ReturnType<typeof dataFolder>;
let gateway: GatewayProcess;
let api: Api;
beforeAll(async () => {
  db = await freshDatabase();
  folder = dataFolder();
  const environment = {
    DATABASE_URL: db.url,
    SEED_FILE: writeSeed(folder.path),
    LAB_SPEED: "2000",
    ADMIN_PASSWORD: password,
    REQUESTS_PER_MINUTE: "10000",
  };
  gateway = startProcess(folder.path, environment);
  const url = `${await gateway.ready}/graphql`;
  const query = "mutation ($input: CreateSessionInput!) { createSession(input: $input) { ... on CreateSessionPayload { token } } }";
  const { data } = await post(url, { query, variables: { input: { user, password } } });
  const { token } = JSON.parse(JSON.stringify(data?.createSession));
  api = apiOf(url, { user, password, token, database: db.database });
}, 60_000);
afterAll(async () => {
  gateway.child.kill("SIGTERM");
  await gateway.ended;
  folder.remove();
  await db.drop();
});

describe("the table of the reference's rows", () => {
  it("is what is tested here: a row without a test fails, and so does a test without a row", () => {
    expect(Object.keys(rows).sort()).toEqual([...table].sort());
  });
});

describe.each(table.map((name) => ({ name, row: rows[name] })))("$name", ({ row }) => {
  if (row === undefined) it("has a test", () => expect(row).toBeDefined());
  else for (const [title, show] of [...row.good, ...row.bad]) it(title, { timeout: 90_000 }, () => show(api));
});
