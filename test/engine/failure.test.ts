import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { type FailureCounts, type FailureRules, failureCounts } from "../../src/engine/failure.ts";
import type { RunKind, StepEnd } from "../../src/engine/model.ts";
import { aPlan, aRecovery, aReprotect, command, commandStep } from "./support/plans.ts";

const plan = aPlan()
  .group({ name: "db-1", postCommands: [command("after")] })
  .pre(commandStep("ours"), commandStep("theirs", { runOnSite: "PROTECTED", runInTest: true }))
  .build();
const failed: StepEnd = { status: "FAILED", message: "no" };
const unknown: StepEnd = { status: "WARNING", message: "OUTCOME_UNKNOWN: who knows", warnings: ["OUTCOME_UNKNOWN: who knows"] };

function counts(kind: "TEST" | "PLANNED" | "DISASTER", policy: FailureRules["policy"], name: string, end = failed): FailureCounts {
  const { nodes } = compile(kind === "TEST" ? plan : aRecovery(kind, plan));
  const node = nodes.find((candidate) => candidate.name === name);
  if (!node) throw new Error(`no step is called ${name}`);
  return failureCounts({ kind, policy, lenient: false, protectedSiteId: "protected" }, node, end);
}

const atTheProtectedSite = [
  "Synchronise Group 1",
  "Shut down db-1",
  "Make storage of Group 1 read-only",
  "Synchronise the last changes of Group 1",
];

describe("a failure", () => {
  it.each(atTheProtectedSite)("at the protected site (%s) always stops a planned run, and is a warning in a disaster", (name) => {
    expect([counts("PLANNED", "PAUSE", name), counts("PLANNED", "CONTINUE", name)]).toEqual(["PAUSES", "PAUSES"]);
    expect([counts("DISASTER", "PAUSE", name), counts("DISASTER", "CONTINUE", name)]).toEqual(["PAUSES", "WARNING"]);
  });

  it("of the fence is a warning in a disaster", () => {
    expect(counts("DISASTER", "CONTINUE", "Power off the protected VMs")).toBe("WARNING");
  });

  it("of a synchronisation is a warning in a test: there is an older point", () => {
    expect(counts("TEST", "CONTINUE", "Synchronise Group 1")).toBe("WARNING");
  });

  it.each(["PLANNED", "DISASTER"] as const)("of a group's storage at the recovery site fails the group (%s), or stops the run", (kind) => {
    const name = "Promote storage of Group 1";
    expect([counts(kind, "PAUSE", name), counts(kind, "CONTINUE", name)]).toEqual(["PAUSES", "AS_IT_IS"]);
  });

  it.each(["Power on db-1", "Check that db-1 is ready", "Run /scripts/after.sh for db-1"])(
    "of a VM (%s) stops the run at the end of its group, or fails the VM",
    (name) => {
      expect([counts("PLANNED", "PAUSE", name), counts("PLANNED", "CONTINUE", name)]).toEqual(["PAUSES_AFTER_GROUP", "AS_IT_IS"]);
    },
  );

  it("of a group's command stops the run, or fails the command; at the protected site it is a warning in a disaster", () => {
    expect([counts("PLANNED", "PAUSE", "ours"), counts("PLANNED", "CONTINUE", "ours")]).toEqual(["PAUSES", "AS_IT_IS"]);
    expect([counts("PLANNED", "CONTINUE", "theirs"), counts("DISASTER", "CONTINUE", "theirs")]).toEqual(["AS_IT_IS", "WARNING"]);
  });

  it("that nobody knows of stops a run that is to stop", () => {
    expect([counts("PLANNED", "PAUSE", "ours", unknown), counts("PLANNED", "CONTINUE", "ours", unknown)]).toEqual(["PAUSES", "AS_IT_IS"]);
  });

  it.each<[RunKind, FailureCounts]>([
    ["REPROTECT", "WARNING"],
    ["GROUP_CREATE", "WARNING"],
    ["GROUP_DELETE", "AS_IT_IS"],
  ])("to stop a former replication, in a run of kind %s, counts as %s", (kind, expected) => {
    const stop = compile(aReprotect([["a"]])).nodes.find((node) => node.kind === "STOP_REPLICATION");
    if (!stop) throw new Error("nothing is stopped");
    expect(failureCounts({ kind, policy: "CONTINUE", lenient: false, protectedSiteId: "recovery" }, stop, failed)).toBe(expected);
  });
});
