import type pg from "pg";
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { moveDeadlines } from "../../src/engine/gap.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aRun } from "./support/runs.ts";

const [ada, ben] = [uuid(), uuid()];
let db: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  db = await freshDatabase();
  pool = db.database.pool;
});
afterAll(() => db.drop());
beforeEach(() => pool.query("TRUNCATE recovery, gateway_node CASCADE"));

const seen = (nodeId: string, secondsAgo: number) =>
  pool.query("INSERT INTO gateway_node (id, seen_at) VALUES ($1, dr_now() - make_interval(secs => $2))", [nodeId, secondsAgo]);

/** A prompt with its step, due in so many seconds, opened an hour ago. */
async function aPrompt(dueInSeconds: number | null, change = ""): Promise<string> {
  const runId = await aRun(pool);
  const id = uuid();
  const due = "dr_now() + make_interval(secs => $2)";
  await pool.query(
    `INSERT INTO recovery_step (run_id, ordinal, path, key, kind, name, spec, expected_seconds, status, due_at)
     VALUES ($1, 1, '1', 'p', 'PROMPT', 'Go on?', '{}', 1, 'WAITING', ${due})`,
    [runId, dueInSeconds],
  );
  await pool.query(
    `INSERT INTO recovery_prompt (id, run_id, ordinal, attempt, name, message, opened_at, due_at)
     VALUES ($3, $1, 1, 1, 'Go on?', 'Go on?', dr_now() - interval '1 h', ${due})`,
    [runId, dueInSeconds, id],
  );
  if (change !== "") await pool.query(`UPDATE recovery_prompt SET ${change} WHERE id = $1`, [id]);
  return id;
}

/** Seconds from now to the deadline of the prompt and of its step, rounded. */
async function dueIn(promptId: string): Promise<[number | null, number | null]> {
  const { rows } = await pool.query<{ prompt: number | null; step: number | null }>(
    `SELECT round(EXTRACT(epoch FROM p.due_at - dr_now()))::int AS prompt, round(EXTRACT(epoch FROM s.due_at - dr_now()))::int AS step
     FROM recovery_prompt p JOIN recovery_step s USING (run_id, ordinal) WHERE p.id = $1`,
    [promptId],
  );
  return [rows[0]?.prompt ?? null, rows[0]?.step ?? null];
}

const around = (seconds: number) => expect.toSatisfy((value: number) => Math.abs(value - seconds) <= 2, `about ${seconds}`);

describe("the deadline of an open prompt", () => {
  it("is moved by the gap in which no node served", async () => {
    await seen(ben, 600);
    const prompt = await aPrompt(-300);
    expect(await moveDeadlines(pool, { nodeId: ada, leaseSeconds: 6 })).toEqual({ gapSeconds: around(600), prompts: 1 });
    expect(await dueIn(prompt)).toEqual([around(300), around(300)]);
  });

  it("leaves 120 s at least", async () => {
    await seen(ben, 600);
    const prompt = await aPrompt(-570);
    await moveDeadlines(pool, { nodeId: ada, leaseSeconds: 6 });
    expect(await dueIn(prompt)).toEqual([around(120), around(120)]);
  });

  it("is moved only from its opening on", async () => {
    await seen(ben, 600);
    const prompt = await aPrompt(200, "opened_at = dr_now() - interval '100 s'");
    await moveDeadlines(pool, { nodeId: ada, leaseSeconds: 6 });
    expect(await dueIn(prompt)).toEqual([around(300), around(300)]);
  });

  it("stays while another node serves, and at the first start of all", async () => {
    const prompt = await aPrompt(60);
    expect(await moveDeadlines(pool, { nodeId: ada, leaseSeconds: 6 })).toEqual({ gapSeconds: 0, prompts: 0 });
    expect(await moveDeadlines(pool, { nodeId: ben, leaseSeconds: 6 })).toEqual({ gapSeconds: 0, prompts: 0 });
    expect(await dueIn(prompt)).toEqual([around(60), around(60)]);
  });

  it("is moved once when two nodes start together", async () => {
    await seen(uuid(), 600);
    const prompt = await aPrompt(0);
    await Promise.all([ada, ben].map((nodeId) => moveDeadlines(pool, { nodeId, leaseSeconds: 6 })));
    expect(await dueIn(prompt)).toEqual([around(600), around(600)]);
  });

  it("stays where there is none, or the prompt is answered or withdrawn", async () => {
    await seen(ben, 600);
    const endless = await aPrompt(null);
    const answered = await aPrompt(10, "answer = 'CONTINUE', answered_at = dr_now()");
    const withdrawn = await aPrompt(10, "withdrawn_at = dr_now()");
    expect(await moveDeadlines(pool, { nodeId: ada, leaseSeconds: 6 })).toMatchObject({ prompts: 0 });
    expect(await dueIn(endless)).toEqual([null, null]);
    expect(await dueIn(answered)).toEqual([around(10), around(10)]);
    expect(await dueIn(withdrawn)).toEqual([around(10), around(10)]);
  });
});

it("A start records the node as alive and forgets nodes that were not seen for a day", async () => {
  await seen(ben, 90_000);
  await seen(ada, 90_000);
  await moveDeadlines(pool, { nodeId: ada, leaseSeconds: 6 });
  const { rows } = await pool.query("SELECT id, seen_at > dr_now() - interval '1 minute' AS alive FROM gateway_node");
  expect(rows).toEqual([{ id: ada, alive: true }]);
});
