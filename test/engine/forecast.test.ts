import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { createForecaster, forecast, type StepFacts } from "../../src/engine/forecast.ts";
import { createLiveRun, endStep, newStep, rowOf, startStep } from "../../src/engine/live-run.ts";
import { isContainer, type StepNode, type StepStatus } from "../../src/engine/model.ts";
import { beforeForecastMs, noteProgress } from "../../src/engine/progress.ts";
import type { RisingSnapshot, TestSnapshot } from "../../src/engine/run-snapshot.ts";
import { startWait } from "../../src/engine/waits.ts";
import { aPlan, aRecovery, pauseStep, promptStep } from "./support/plans.ts";

const second = 1000;
const start = 1_000_000 * second;

/** A run at some point: what is not told is PENDING. */
function at(
  snapshot: RisingSnapshot,
  told: Readonly<Record<string, Partial<StepFacts> & { status: StepStatus }>>,
  now = start,
  slots?: number,
) {
  const { nodes } = compile(snapshot);
  const facts = nodes.map((node): StepFacts & { node: StepNode } => {
    const known = told[node.name] ?? told["*"] ?? { status: "PENDING" };
    return { node, startedAt: known.status === "PENDING" ? null : start, endedAt: null, dueAt: null, ...known };
  });
  const result = forecast(facts, now, slots);
  const ordinal = (name: string) => nodes.find((node) => node.name === name)?.ordinal ?? 0;
  return {
    ...result,
    ordinal,
    times: (name: string) => {
      const { start: from, end } = result.of(ordinal(name));
      return [from === null ? null : (from - start) / second, end === null ? null : (end - start) / second];
    },
    names: result.criticalPath.map((step) => nodes[step - 1]?.name),
    nodes,
  };
}

/** Storage that takes no time, so that figures are those of the VMs: register 10 s, power on 15 s, ready after 45 s. */
const plain = { "SYNCHRONISE:group-1": 0, "CREATE_SNAPSHOT:group-1": 0, "CREATE_TEST_NETWORK:net-0": 0 };
const one = aPlan().with({ pastSeconds: plain }).group("a");
const done = { status: "SUCCEEDED", endedAt: start } as const;
const storageDone = { "Synchronise Group 1": done, "Create snapshot of Group 1": done, "Create isolated network for LAN": done };

describe("the forecast of a run", () => {
  it("expects steps one after the other, and containers around them", () => {
    const run = at(one.build(), {});
    expect(run.times("Register a")).toEqual([0, 10]);
    expect(run.times("Power on a")).toEqual([10, 25]);
    expect(run.times("a")).toEqual([0, 70]);
    expect(run.estimatedEnd).toBe(start + 70 * second);
  });

  it("goes on from what has happened", () => {
    const told = {
      ...storageDone,
      "Register a": { ...done, endedAt: start + 30 * second },
      "Power on a": { status: "RUNNING", startedAt: start + 30 * second },
    } as const;
    const run = at(one.build(), told, start + 31 * second);
    expect(run.times("Register a")).toEqual([0, 30]);
    expect(run.times("Power on a")).toEqual([30, 45]);
    expect(run.estimatedEnd).toBe(start + 90 * second);
  });

  it("moves the end of a step that takes longer than expected ahead of the present", () => {
    const told = { ...storageDone, "Register a": { status: "RUNNING" } } as const;
    const run = at(one.build(), told, start + 100 * second);
    expect(run.times("Register a")).toEqual([0, 110]);
  });

  it("lets steps queue for the slots of their site, lowest ordinal first", () => {
    const readyAtOnce = { "READY_CHECK:vm-a": 0, "READY_CHECK:vm-b": 0, "READY_CHECK:vm-c": 0 };
    const run = at(
      one
        .with({ pastSeconds: { ...plain, ...readyAtOnce } })
        .with({ vms: [] })
        .group("a", "b", "c")
        .build(),
      { "*": { status: "PENDING" } },
      start,
      1,
    );
    expect(run.estimatedEnd).toBe(start + (60 + 15 + 3 * 25) * second);
    const wide = at(aPlan().with({ pastSeconds: plain }).group("a", "b", "c").build(), {}, start, 3);
    expect(wide.estimatedEnd).toBe(start + 70 * second);
  });

  it("has no end while a prompt is open, names it, and still knows what does not wait for it", () => {
    const plan = aPlan().with({ pastSeconds: plain }).group("a").group("b").pre(promptStep("ask"));
    const run = at(plan.build(), { "*": done, ask: { status: "WAITING" }, b: { status: "PENDING" }, ...open("b") });
    expect(run.estimatedEnd).toBeNull();
    expect(run.blockedBy).toEqual([run.ordinal("ask")]);
    expect(run.times("ask")).toEqual([0, null]);
    expect(run.times("Register b")).toEqual([null, null]);
    expect(run.names).toEqual(["ask", "Register b", "Power on b", "Check that b is ready"]);
  });

  it("has no end while a pause lasts until somebody resumes, but with a pause of known length", () => {
    const paused = (seconds: number | null, dueAt: number | null) =>
      at(one.pre(pauseStep("breathe", seconds)).build(), { ...storageDone, breathe: { status: "WAITING", dueAt } });
    expect(paused(null, null)).toMatchObject({ estimatedEnd: null, blockedBy: [expect.any(Number)] });
    expect(paused(30, start + 20 * second).estimatedEnd).toBe(start + 90 * second);
  });

  it("waits for nobody while no prompt is open yet", () => {
    const run = at(one.post(promptStep("ask")).build(), {});
    expect(run.blockedBy).toEqual([]);
    expect(run.estimatedEnd).toBe(start + 130 * second);
  });

  it("counts progress by expected durations, and says 100 only at the end", () => {
    const snapshot = one.build();
    expect(at(snapshot, {}).progressPercent).toBe(0);
    // Of 73 s (steps of no time count one), 28 are over.
    const half = { ...storageDone, "Register a": done, "Power on a": done };
    expect(at(snapshot, half).progressPercent).toBe(Math.floor((28 / 73) * 100));
    const nearly = { "*": done, "Check that a is ready": { status: "RUNNING" } } as const;
    expect(at(snapshot, nearly, start + 3600 * second).progressPercent).toBeLessThan(100);
    const over = at(snapshot, { "*": done });
    expect(over).toMatchObject({ progressPercent: 100, estimatedEnd: start, criticalPath: [] });
  });

  it("counts as progress neither what waits for people, however long that took the last time, nor what was cancelled", () => {
    const people = one
      .with({ pastSeconds: { ...plain, "PROMPT:ask": 3600, "PAUSE:breathe": 3600 } })
      .pre(promptStep("ask"), pauseStep("breathe", null))
      .build();
    const answered = { ...storageDone, ask: done, breathe: done } as const;
    expect(at(people, storageDone).progressPercent).toBe(at(people, answered).progressPercent);
    expect(at(people, { ...answered, "Register a": done, "Power on a": done }).progressPercent).toBe(Math.floor((28 / 73) * 100));
    const cancelled = { ...storageDone, "*": { status: "CANCELLED", startedAt: null, endedAt: start } } as const;
    expect(at(people, cancelled).progressPercent).toBe(Math.floor((3 / 73) * 100));
  });

  it("is unknown in the write that opens a prompt, which is the current step then", async () => {
    const run = aRun(one.pre(promptStep("ask")).build());
    const ask = run.steps.find(({ node }) => node.name === "ask")?.node.ordinal ?? 0;
    while (!run.schedule.ready().includes(ask)) {
      for (const ordinal of run.schedule.ready()) startStep(run, ordinal, "RUNNING", start, null);
      await noteProgress(run, start, 20, false);
      for (const ordinal of run.schedule.active()) endStep(run, ordinal, { status: "SUCCEEDED", message: null }, start);
    }
    expect(rowOf(run)).toMatchObject({ estimate: expect.any(Number), currentStep: expect.not.stringContaining("ask") });
    startWait(run, ask, start);
    expect(rowOf(run)).toMatchObject({ estimate: null, currentStep: expect.stringContaining("ask") });
    expect(run.batch.events.slice(-2)).toMatchObject([{ kind: "PROMPT_OPENED" }, { kind: "PROGRESS", estimatedCompletionTime: null }]);
  });

  it("stays unknown where a prompt was opened while a forecast of before was made", async () => {
    const run = aRun(one.pre(promptStep("ask")).build());
    const ask = run.steps.find(({ node }) => node.name === "ask")?.node.ordinal ?? 0;
    while (!run.schedule.ready().includes(ask)) {
      for (const ordinal of run.schedule.ready()) startStep(run, ordinal, "RUNNING", start, null);
      for (const ordinal of run.schedule.active()) endStep(run, ordinal, { status: "SUCCEEDED", message: null }, start);
    }
    const noted = noteProgress(run, start, 20, false);
    startWait(run, ask, start);
    await noted;
    expect(rowOf(run)).toMatchObject({ estimate: null, currentStep: expect.stringContaining("ask") });
  });

  it("of thousands of steps tells of 200 at a time how far they are, in turn, and of the end only now and then", async () => {
    const names = Array.from({ length: 250 }, (_, at) => `vm ${at}`);
    const run = aRun(
      aPlan()
        .group(...names)
        .build(),
    );
    while (run.schedule.ready().length < names.length) {
      for (const ordinal of run.schedule.ready()) startStep(run, ordinal, "RUNNING", start, null);
      for (const ordinal of run.schedule.active()) endStep(run, ordinal, { status: "SUCCEEDED", message: null }, start);
    }
    for (const ordinal of run.schedule.ready()) startStep(run, ordinal, "RUNNING", start, null).progressPercent = 10;
    const told = async (now: number) => {
      await noteProgress(run, now, 1000, false);
      const event = run.batch.events.at(-1);
      return event?.kind === "PROGRESS" ? event.steps.map(({ ordinal }) => ordinal) : [];
    };
    const first = await told(start + second);
    const others = run.schedule.active().filter((ordinal) => !first.includes(ordinal));
    expect(first).toHaveLength(200);
    const { estimate, progressPercent } = run;
    run.nextForecastAt = Number.POSITIVE_INFINITY; // the last one took that long
    const next = await told(start + 30 * second);
    expect(next).toHaveLength(200);
    expect(next).toEqual(expect.arrayContaining(others));
    expect(run.estimate).toBe(estimate);
    expect(run.progressPercent).toBeGreaterThan(progressPercent);
    run.nextForecastAt = 0;
    await told(start + 60 * second);
    expect(run.estimate).toBeGreaterThan(estimate ?? 0);
  });

  it("of a large run lets its first steps go first, of no other one, and only once", () => {
    const run = aRun(aPlan().group("a", "b").build());
    const steps = Array.from({ length: 5_000 }, (_, at) => run.steps[at % run.steps.length]).filter((step) => step !== undefined);
    expect(beforeForecastMs(run)).toBe(0);
    expect(beforeForecastMs({ steps, currentStep: null })).toBeGreaterThan(0);
    expect(beforeForecastMs({ steps, currentStep: "Synchronise storage" })).toBe(0);
  });

  it("never falls as time passes and steps end", () => {
    const { nodes } = compile(aPlan().group("a", "b").group("c").build());
    const forecaster = createForecaster(nodes);
    const leaves = nodes.filter((node) => !isContainer(node));
    const facts = new Map<number, StepFacts>(
      nodes.map(({ ordinal }) => [ordinal, { status: "PENDING", startedAt: null, endedAt: null, dueAt: null }]),
    );
    const seen: number[] = [];
    let now = start;
    const look = () =>
      seen.push(
        forecaster.at(now, (ordinal) => facts.get(ordinal) ?? { status: "PENDING", startedAt: null, endedAt: null, dueAt: null })
          .progressPercent,
      );
    for (const { ordinal } of leaves) {
      facts.set(ordinal, { status: "RUNNING", startedAt: now, endedAt: null, dueAt: null });
      for (let tick = 0; tick < 20; tick++, now += 7 * second) look();
      facts.set(ordinal, { status: "SUCCEEDED", startedAt: now, endedAt: now, dueAt: null });
      look();
    }
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(100);
  });

  it("leads the critical path through what the slots delay", () => {
    const snapshot = aPlan()
      .with({ pastSeconds: { ...plain, "READY_CHECK:vm-a": 0 } })
      .group("a", "b")
      .build();
    const run = at(snapshot, storageDone, start, 1);
    expect(run.names).toEqual(["Register a", "Power on a", "Register b", "Power on b", "Check that b is ready"]);
  });

  it("leaves a planned recovery's way back out until it is gone, and then expects its end", () => {
    const planned = aRecovery("PLANNED", one.build());
    const before = at(planned, {});
    expect([before.times("Roll back"), before.times("Power on a again")]).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(before.times("Check that a is ready")[1]).toBe(((before.estimatedEnd ?? 0) - start) / second);
    expect(before.names.at(-1)).toBe("Check that a is ready");
    const held = { "Make storage of Group 1 writable again": { status: "PENDING" }, "Power on a again": { status: "PENDING" } } as const;
    const all = { "*": done, ...held };
    expect(at(planned, all)).toMatchObject({ progressPercent: 99, criticalPath: [] });
    const cancelled = at(planned, { ...all, "Promote storage of Group 1": { status: "CANCELLED" } });
    expect(cancelled.times("Power on a again")).toEqual([5, 20]);
    expect(cancelled.estimatedEnd).toBe(start + 20 * second);
  });

  it("never starts a skipped step, and gives it no times", () => {
    const run = at(one.build(), { "*": { status: "SKIPPED", startedAt: null, endedAt: null } });
    expect(run.times("Register a")).toEqual([null, null]);
    expect(run.progressPercent).toBe(100);
  });
});

/** Just begun. */
const aRun = (snapshot: TestSnapshot) =>
  createLiveRun(
    {
      id: "run",
      kind: "TEST",
      rules: { kind: "TEST", policy: "CONTINUE", lenient: false, protectedSiteId: "protected" },
      budgetSeconds: null,
      state: "RUNNING",
      pausedReason: null,
      startedAt: start,
      progressPercent: 0,
      warnings: [],
      now: start,
    },
    compile(snapshot).nodes.map((node) => newStep(node)),
  );

function open(vm: string): Readonly<Record<string, { status: StepStatus }>> {
  const names = [`Register ${vm}`, `Power on ${vm}`, `Check that ${vm} is ready`];
  return Object.fromEntries(names.map((name) => [name, { status: "PENDING" }]));
}
