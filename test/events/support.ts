import type pg from "pg";
import { v7 } from "uuid";
import type { Change, ChangeKind } from "../../src/events/changes.ts";
import type { Feed } from "../../src/events/feed.ts";
import type { EventsLog } from "../../src/events/listener.ts";
import { type Queryable, readEnds } from "../../src/events/log.ts";
import type { LoggedEvent, OutputWritten, PromptOpened, RunEnded, StepChanged } from "../../src/events/types.ts";
import type { WakeUpListener, WakeUps } from "../../src/events/wake-ups.ts";

export const silent: EventsLog = { warn: () => {} };

/** The row that events hang on, without plan, steps and snapshot. */
export async function aRecovery(pool: pg.Pool): Promise<string> {
  const id = v7();
  await pool.query(
    "INSERT INTO recovery (id, plan_name, pairing_id, kind, options, initiated_by) VALUES ($1, 'Payroll', $2, 'TEST', '{}', 'admin')",
    [id, v7()],
  );
  return id;
}

export const output = (text: string): OutputWritten => ({ kind: "COMMAND_OUTPUT", ordinal: 1, path: "1", text, totalBytes: text.length });
export const outputs = (count: number): OutputWritten[] => Array.from({ length: count }, (_, index) => output(`line ${index}`));

export const prompt = (name: string): PromptOpened => ({
  kind: "PROMPT_OPENED",
  promptId: v7(),
  ordinal: 1,
  path: "1",
  name,
  message: "Go on?",
  dueAt: null,
  defaultAnswer: null,
});

export const steps = (count: number): StepChanged[] =>
  Array.from({ length: count }, (_, index) => ({
    kind: "STEP_CHANGED",
    ordinal: index + 1,
    path: `${index + 1}`,
    stepKind: "PAUSE",
    name: `Step "${index + 1}"\n\0`,
    status: "RUNNING",
    attempt: 1,
    progressPercent: 0,
    message: null,
    errors: [],
    warnings: [],
    vmId: null,
    groupId: null,
    siteId: null,
  }));

export const changed = (kind: ChangeKind, name: string): Change => ({ kind, id: v7(), change: "UPDATED", name });

export const ended: RunEnded = {
  kind: "RECOVERY_ENDED",
  state: "COMPLETED",
  resultState: "SUCCESS",
  rtoAchievedSeconds: null,
  rpoAchievedSeconds: null,
  vmsSucceeded: 0,
  vmsFailed: 0,
};

export const lastPosition = async (pool: Queryable): Promise<bigint> => (await readEnds(pool)).newest;

export const sequences = (events: readonly LoggedEvent[]): number[] => events.map((event) => event.sequence);
export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Pulls until so many events have come, or the feed is complete. */
export async function take<Entry>(feed: Feed<Entry>, count: number): Promise<Entry[]> {
  const events: Entry[] = [];
  while (events.length < count) {
    const { done, value } = await feed.next();
    if (done) break;
    events.push(...value.events);
  }
  return events;
}

/** Wake-ups without timer and without other nodes: what is not hinted is not seen. */
export function localWakeUps(): WakeUps & { wakeAll(): void } {
  const listeners = new Set<WakeUpListener>();
  const wake = (payload: string | null) => {
    for (const listener of listeners) listener(payload);
  };
  return {
    on(_channel, listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    hint: (_channel, payload) => wake(payload),
    wakeAll: () => wake(null),
    close: async () => {},
  };
}

/** A pool that counts its statements by name, can be away, and can hold an answer back. */
export function watched(pool: pg.Pool) {
  const counts = new Map<string, number>();
  let [away, gate] = [false, Promise.resolve()];
  const queryable: Queryable = {
    async query(statement) {
      const name = statement.name ?? "";
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (away) throw new Error("the database is away");
      const held = gate;
      const answer = await pool.query(statement);
      await held;
      return answer;
    },
  };
  return {
    pool: queryable,
    total: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    count: (name: string) => counts.get(name) ?? 0,
    setAway: (value: boolean) => {
      away = value;
    },
    /** Statements from now on are run, and their answers wait. */
    hold(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
  };
}

/** Asks until it is so. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
