import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { StepStatus } from "../../src/engine/model.ts";
import { type WaitingHints, waitingFor } from "../../src/engine/waiting.ts";
import { aPlan, pauseStep, promptStep } from "./support/plans.ts";

const { nodes } = compile(
  aPlan()
    .group({ name: "db-1", priority: "HIGH", startupDelaySeconds: 30 }, "db-2", "db-3")
    .group({ name: "web-1", dependsOn: ["db-2"] })
    .pre(promptStep("ask"), pauseStep("breathe"))
    .build(),
);
const ordinal = (name: string) => nodes.find((node) => node.name === name)?.ordinal ?? 0;

/** What a step waits for when these have the statuses told, and all others are `rest`. */
function waits(name: string, told: Readonly<Record<string, StepStatus>>, rest: StepStatus = "SUCCEEDED", hints: WaitingHints = {}) {
  const statuses = (step: number) => (step === ordinal(name) ? (told[name] ?? "PENDING") : (told[nodes[step - 1]?.name ?? ""] ?? rest));
  const found = waitingFor(nodes, statuses, ordinal(name), hints);
  return found && [found.kind, ...found.steps.map((step) => nodes[step - 1]?.name)];
}

describe("what a step waits for", () => {
  it("is its priority group's turn, before all else", () => {
    expect(waits("Register web-1", { "Priority group 1": "RUNNING", "Check that db-2 is ready": "RUNNING" })).toEqual([
      "BARRIER",
      "Priority group 1",
    ]);
  });

  it("is a higher tier, until that is ready", () => {
    expect(waits("Register db-2", { "Check that db-1 is ready": "RUNNING" })).toEqual(["BARRIER", "Check that db-1 is ready"]);
  });

  it("is a dependency, or the step before it", () => {
    expect(waits("Register web-1", { "Check that db-2 is ready": "RUNNING" })).toEqual(["DEPENDENCY", "Check that db-2 is ready"]);
    expect(waits("Power on web-1", { "Register web-1": "RUNNING" })).toEqual(["DEPENDENCY", "Register web-1"]);
  });

  it("is a slot of its site, and who holds them", () => {
    expect(waits("Power on db-3", { "Power on db-2": "RUNNING" })).toEqual(["SLOT", "Power on db-2"]);
    const active = () => [ordinal("Power on db-2")];
    expect(waits("Power on db-3", { "Power on db-2": "RUNNING" }, "SUCCEEDED", { active })).toEqual(["SLOT", "Power on db-2"]);
    expect(waits("Power on db-3", {})).toBeNull();
  });

  it("is a person, a pause or a delay, for the step itself and for who comes next", () => {
    expect(waits("ask", { ask: "WAITING" })).toEqual(["PROMPT", "ask"]);
    expect(waits("breathe", { ask: "WAITING" })).toEqual(["PROMPT", "ask"]);
    expect(waits("Register web-1", { breathe: "WAITING" })).toEqual(["PAUSE", "breathe"]);
    expect(waits("Register db-1", { "Wait 30 s before db-1": "WAITING" })).toEqual(["DELAY", "Wait 30 s before db-1"]);
  });

  it("is the next try, or the site, as its owner knows", () => {
    const running = { "Power on db-1": "RUNNING" } as const;
    expect(waits("Power on db-1", running, "SUCCEEDED", { retrying: () => true })).toEqual(["RETRY", "Power on db-1"]);
    expect(waits("Power on db-1", running, "SUCCEEDED", { disconnected: (site) => site === "recovery" })).toEqual([
      "SITE",
      "Power on db-1",
    ]);
  });

  it("is nothing for a step that is at work or over", () => {
    expect(waits("Power on db-1", { "Power on db-1": "RUNNING" })).toBeNull();
    expect(waits("Power on db-1", { "Power on db-1": "FAILED" })).toBeNull();
  });
});
