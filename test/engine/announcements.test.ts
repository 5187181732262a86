import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAnnouncements } from "../../src/engine/announcements.ts";
import { emptyBatch } from "../../src/engine/batch.ts";
import { countOf } from "../../src/events/chain.ts";
import type { Change } from "../../src/events/changes.ts";
import { readChanges } from "../../src/events/log.ts";
import { operator } from "../support/node.ts";
import { eventsOf, openPrompt } from "../support/run.ts";
import { aStage, type Stage } from "./scene.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await aStage();
});
afterAll(() => stage?.[Symbol.asyncDispose]());

interface Entry {
  readonly position: bigint;
  readonly occurredAt: Date;
  readonly what: string;
}

async function changes(): Promise<Entry[]> {
  const { entries } = await readChanges(stage.db.database.pool, 0n, 10_000);
  return entries.map(({ position, occurredAt, change }) => ({
    position,
    occurredAt,
    what: `${change.kind} ${change.change} ${change.name}`,
  }));
}

describe("a run", () => {
  it("is told of by its plan, groups and task: in one write with the event of its start, of each new state, and of its end", async () => {
    const scene = await stage.scene({
      machines: 2,
      groups: 2,
      priorityGroups: [{ groups: [0] }, { groups: [1], pre: [{ type: "PROMPT", name: "Go on?" }] }],
    });
    const recoveryId = await scene.start();
    const { rows } = await stage.db.database.pool.query<{ plan: string; task: string }>(
      "SELECT r.plan_name AS plan, t.name AS task FROM recovery r JOIN task t ON t.recovery_id = r.id WHERE r.id = $1",
      [recoveryId],
    );
    const { plan, task } = rows[0] ?? { plan: "", task: "" };
    const promptId = await openPrompt(stage.db.database, recoveryId);
    await stage.node.recoveries.answerPrompt(operator, { promptId, answer: "CONTINUE" });
    await scene.end(recoveryId);

    const all = await changes();
    const behind = (position: bigint, count: number) =>
      Array.from({ length: count }, (_, at) => all.find((entry) => entry.position === position + BigInt(at + 1))?.what);
    const events = await eventsOf(stage.db.database, recoveryId);
    const [started] = events;
    expect(behind(started?.position ?? 0n, 4)).toEqual([
      `TASK_CHANGED CREATED ${task}`,
      `PLAN_CHANGED UPDATED ${plan}`,
      expect.stringContaining("PROTECTION_GROUP_CHANGED UPDATED"),
      expect.stringContaining("PROTECTION_GROUP_CHANGED UPDATED"),
    ]);
    const last = events.at(-1);
    expect(behind(last?.position ?? 0n, 4)).toEqual([
      `TASK_CHANGED UPDATED ${task}`,
      `PLAN_CHANGED UPDATED ${plan}`,
      expect.stringContaining("PROTECTION_GROUP_CHANGED UPDATED"),
      expect.stringContaining("PROTECTION_GROUP_CHANGED UPDATED"),
    ]);
    // Each other state: a write's changes stand directly behind its events.
    const states = events.filter(({ event }) => event.kind === "RECOVERY_STATE_CHANGED").slice(1);
    expect(states.map(({ event }) => (event.kind === "RECOVERY_STATE_CHANGED" ? event.state : ""))).toEqual([
      "RUNNING",
      "PROMPTING",
      "RUNNING",
    ]);
    const own = new Set(events.map(({ position }) => position));
    for (const { position } of states) {
      let end = position;
      while (own.has(end + 1n)) end++;
      expect(behind(end, 2)).toEqual([`TASK_CHANGED UPDATED ${task}`, `PLAN_CHANGED UPDATED ${plan}`]);
    }
  });

  it("leaves no gap between the positions of all its events and changes", async () => {
    const { rows } = await stage.db.database.pool.query(
      `SELECT sum(${countOf("event")}) = max(position) AS whole, max(position) = (SELECT value FROM event_counter) AS up FROM event`,
    );
    expect(rows).toEqual([{ whole: true, up: true }]);
  });
});

describe("a run's task is told to have changed", () => {
  const idle = emptyBatch();
  const progress = { kind: "PROGRESS", progressPercent: 1, currentStep: null, estimatedCompletionTime: null, steps: [] } as const;
  const busy = { ...emptyBatch(), events: [progress] };
  const record = { planId: "plan", planName: "Payroll", plans: ["plan"], task: { id: "task", name: "Test Recovery - Payroll" } };
  const kinds = (changes: readonly Change[]) => changes.map(({ kind, id, plans }) => `${kind} ${id} of ${plans}`);
  const [task, both] = [["TASK_CHANGED task of plan"], ["TASK_CHANGED task of plan", "PLAN_CHANGED plan of plan"]];
  const running = { state: "RUNNING", pausedReason: null } as const;

  it("at once with a new state, and its plan too", () => {
    const announcements = createAnnouncements(record, running, () => 0);
    expect(kinds(announcements.next({ state: "PROMPTING", pausedReason: null }, busy))).toEqual(both);
    expect(kinds(announcements.next({ state: "PAUSED", pausedReason: "OPERATOR" }, idle))).toEqual(both);
    expect(kinds(announcements.next({ state: "PAUSED", pausedReason: "PAUSE_STEP" }, idle))).toEqual(both);
  });

  it("at most once a second otherwise, and in the end for the last step too, although nothing else is written", () => {
    let now = 0;
    const announcements = createAnnouncements(record, running, () => now);
    const told: number[] = [];
    for (now = 0; now < 3_500; now += 100) if (announcements.next(running, busy).length > 0) told.push(now);
    expect(told).toEqual([1_000, 2_000, 3_000]);
    now = 3_900;
    expect(kinds(announcements.next(running, idle))).toEqual([]);
    now = 4_000;
    expect(kinds(announcements.next(running, idle))).toEqual(task);
    now = 9_000;
    expect(kinds(announcements.next(running, idle))).toEqual([]);
  });
});
