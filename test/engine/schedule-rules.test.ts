import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { SettledStatus, StepStatus } from "../../src/engine/model.ts";
import type { TestSnapshot } from "../../src/engine/run-snapshot.ts";
import { createSchedule, type Decided } from "../../src/engine/schedule.ts";
import { aPlan, command, commandStep, type PlanBuilder, promptStep } from "./support/plans.ts";

/** A run by the names of its steps. Storage and networks are already there, unless they are asked about. */
function runOf(plan: PlanBuilder, { withStorage = false } = {}) {
  const snapshot: TestSnapshot = plan.build();
  const { nodes } = compile(snapshot);
  const { schedule, decided } = createSchedule(nodes);
  const messages = new Map<string, string | null>();
  const name = (ordinal: number) => nodes[ordinal - 1]?.name ?? "";
  const ordinal = (wanted: string) => nodes.find((node) => node.name === wanted)?.ordinal ?? 0;
  const hear = (all: readonly Decided[]) => {
    for (const step of all) messages.set(name(step.ordinal), step.message);
    return all.map((step) => `${name(step.ordinal)} ${step.status}`);
  };
  const run = {
    ready: () => schedule.ready().map(name),
    status: (step: string): StepStatus => schedule.status(ordinal(step)),
    message: (step: string) => messages.get(step),
    start: (step: string) => schedule.start(ordinal(step), "RUNNING").map(name),
    end: (step: string, status: SettledStatus = "SUCCEEDED") => {
      if (schedule.status(ordinal(step)) === "PENDING") schedule.start(ordinal(step), "RUNNING");
      return hear(schedule.settle(ordinal(step), status));
    },
    skipRest: (step: string) => hear(schedule.skipRestOfPhase(ordinal(step), "Skipped by ann")),
    cancel: () => hear(schedule.cancel("Cancelled by ann")),
    /** Each step of the VM up to and with the last. */
    bringUp: (vm: string, status: SettledStatus = "SUCCEEDED") => {
      run.end(`Register ${vm}`);
      run.end(`Power on ${vm}`);
      return run.end(`Check that ${vm} is ready`, status);
    },
    isOver: () => schedule.isOver(),
    active: () => schedule.active().map(name),
    first: decided.map((step) => `${name(step.ordinal)} ${step.status} ${step.message}`),
    schedule,
  };
  const storage = nodes.filter(({ kind }) => kind === "SYNCHRONISE" || kind === "CREATE_SNAPSHOT" || kind === "CREATE_TEST_NETWORK");
  if (!withStorage) for (const step of storage) run.end(step.name);
  return run;
}

describe("the order of a test", () => {
  it("makes each group's snapshot when that group is synchronised, and starts its VMs when it has been made", () => {
    const run = runOf(aPlan().group("a"), { withStorage: true });
    expect(run.ready()).toEqual(["Synchronise Group 1", "Create isolated network for LAN"]);
    run.end("Synchronise Group 1", "WARNING");
    expect(run.ready()).toEqual(["Create snapshot of Group 1", "Create isolated network for LAN"]);
    run.end("Create snapshot of Group 1");
    run.end("Create isolated network for LAN");
    expect(run.ready()).toEqual(["Register a"]);
  });

  it("skips the VMs of a group whose storage failed, with that reason, and lets others go on", () => {
    const run = runOf(aPlan().group("a").group("b"), { withStorage: true });
    run.end("Synchronise Group 1");
    run.end("Create isolated network for LAN");
    const decided = run.end("Create snapshot of Group 1", "FAILED");
    expect(decided).toEqual([
      "Register a SKIPPED",
      "Power on a SKIPPED",
      "Check that a is ready SKIPPED",
      "a SKIPPED",
      "Priority group 1 SKIPPED",
    ]);
    expect(run.message("Power on a")).toBe("2.1 Create snapshot of Group 1 failed");
    run.end("Synchronise Group 2");
    run.end("Create snapshot of Group 2");
    expect(run.ready()).toEqual(["Register b"]);
  });

  it("starts the next priority group once every VM of this one has recovered, failed or been skipped", () => {
    const run = runOf(aPlan().group("db-1", "db-2").group("web-1"));
    run.bringUp("db-1");
    run.end("Register db-2");
    expect(run.ready()).toEqual(["Power on db-2"]);
    expect(run.end("Power on db-2", "FAILED")).toContain("Priority group 1 FAILED");
    expect(run.ready()).toEqual(["Register web-1"]);
  });

  it("starts a tier once the one before it is ready or failed, and not for what follows in it", () => {
    const run = runOf(
      aPlan().group({ name: "db-1", priority: "HIGH", postCommands: [command("tune")] }, { name: "db-2", priority: "HIGH" }, "app-1"),
    );
    run.bringUp("db-1");
    expect(run.ready()).not.toContain("Register app-1");
    run.bringUp("db-2", "FAILED");
    expect(run.ready()).toEqual(["Run /scripts/tune.sh for db-1", "Register app-1"]);
  });

  it("lets dependents wait for ready, and skips them and theirs at once when that fails", () => {
    const run = runOf(
      aPlan()
        .group("db-1", { name: "app-1", dependsOn: ["db-1"] })
        .group({ name: "web-1", dependsOn: ["app-1"] }, "web-2"),
    );
    run.end("Register db-1");
    run.end("Power on db-1");
    expect(run.ready()).toEqual(["Check that db-1 is ready"]);
    run.end("Check that db-1 is ready", "FAILED");
    expect([run.status("app-1"), run.status("web-1")]).toEqual(["SKIPPED", "SKIPPED"]);
    expect(run.message("Register web-1")).toBe("4.1.3 Check that db-1 is ready failed");
    expect(run.ready()).toEqual(["Register web-2"]);
  });

  it("takes a VM that is on but not ready in time (WARNING) as ready", () => {
    const run = runOf(aPlan().group("db-1", { name: "app-1", dependsOn: ["db-1"] }));
    run.bringUp("db-1", "WARNING");
    expect([run.status("db-1"), run.ready()]).toEqual(["WARNING", ["Register app-1"]]);
  });

  it("does not power on a VM whose pre-power-on command failed", () => {
    const run = runOf(aPlan().group({ name: "a", preCommands: [command("prepare")] }));
    run.end("Run /scripts/prepare.sh for a", "FAILED");
    expect([run.status("Power on a"), run.status("a"), run.isOver()]).toEqual(["SKIPPED", "FAILED", true]);
  });

  it("goes on to the next post-power-on command when one failed; the VM has FAILED, its dependents go on", () => {
    const run = runOf(aPlan().group({ name: "a", postCommands: [command("one"), command("two")] }, { name: "b", dependsOn: ["a"] }));
    run.bringUp("a");
    run.end("Run /scripts/one.sh for a", "FAILED");
    expect(run.ready()).toEqual(["Run /scripts/two.sh for a", "Register b"]);
    run.end("Run /scripts/two.sh for a");
    expect(run.status("a")).toBe("FAILED");
  });

  it("goes on after a group command that failed, and with its VMs", () => {
    const run = runOf(aPlan().group("a").pre(commandStep("first"), commandStep("second")));
    expect(run.ready()).toEqual(["first"]);
    run.end("first", "FAILED");
    expect(run.ready()).toEqual(["second"]);
    run.end("second");
    expect(run.ready()).toEqual(["Register a"]);
  });

  it("skips steps of the protected site from the start, with the reason, and nothing waits for them", () => {
    const run = runOf(
      aPlan()
        .group("a")
        .post(commandStep("one"), commandStep("theirs", { runOnSite: "PROTECTED" }), commandStep("two")),
    );
    expect(run.first).toEqual(["theirs SKIPPED Runs at the protected site protected, which a test does not touch"]);
    run.bringUp("a");
    expect(run.ready()).toEqual(["one"]);
  });
});

describe("a prompt answered SKIP", () => {
  it("skips the rest of its phase in its priority group, and goes on", () => {
    const run = runOf(aPlan().group("a").pre(promptStep("ask"), commandStep("second"), commandStep("third")).post(commandStep("after")));
    run.end("ask");
    expect(run.skipRest("ask")).toEqual(["second SKIPPED", "third SKIPPED"]);
    expect(run.message("third")).toBe("Skipped by ann");
    expect(run.ready()).toEqual(["Register a"]);
    run.bringUp("a");
    expect(run.ready()).toEqual(["after"]);
  });
});

describe("a cancel", () => {
  it("starts nothing new and lets what runs run out", () => {
    const run = runOf(aPlan().group("a", "b"));
    run.start("Register a");
    expect(run.cancel()).toEqual(expect.arrayContaining(["Power on a CANCELLED", "Register b CANCELLED", "b CANCELLED"]));
    expect([run.ready(), run.active(), run.isOver()]).toEqual([[], ["Register a"], false]);
    expect(run.end("Register a")).toEqual(["a CANCELLED", "Priority group 1 CANCELLED"]);
    expect([run.isOver(), run.cancel()]).toEqual([true, []]);
  });
});

describe("containers", () => {
  it("start with the first step in them", () => {
    const run = runOf(aPlan().group("a"));
    expect(run.start("Register a")).toEqual(["Priority group 1", "a"]);
    expect(run.status("Priority group 1")).toBe("RUNNING");
  });

  it.each<[SettledStatus, SettledStatus, SettledStatus]>([
    ["SUCCEEDED", "SUCCEEDED", "SUCCEEDED"],
    ["SUCCEEDED", "WARNING", "WARNING"],
    ["SUCCEEDED", "SKIPPED", "SUCCEEDED"],
    ["WARNING", "CANCELLED", "CANCELLED"],
    ["CANCELLED", "FAILED", "FAILED"],
    ["SKIPPED", "SKIPPED", "SKIPPED"],
    ["ALREADY_DONE", "ALREADY_DONE", "ALREADY_DONE"],
    ["ALREADY_DONE", "SUCCEEDED", "SUCCEEDED"],
  ])("with a step that is %s and one that is %s are %s", (one, other, expected) => {
    const run = runOf(aPlan().group("a").group("b"), { withStorage: true });
    run.end("Synchronise Group 1", one);
    expect(run.status("Synchronise storage")).toBe("RUNNING");
    run.end("Synchronise Group 2", other);
    expect(run.status("Synchronise storage")).toBe(expected);
  });
});

describe("misuse", () => {
  it("is refused: starting what may not start, ending what has ended or has no end of its own", () => {
    const run = runOf(aPlan().group("a"));
    expect(() => run.start("Power on a")).toThrow(/PENDING and may not start/);
    run.end("Register a");
    expect(() => run.end("Register a")).toThrow(/SUCCEEDED and can't end/);
    expect(() => run.schedule.settle(1, "FAILED")).toThrow(/can't end FAILED/);
    expect(() => run.schedule.status(999)).toThrow("there is no step 999");
  });
});
