import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { alreadyDone, type EarlierStep } from "../../src/engine/already-done.ts";
import { compile } from "../../src/engine/compile.ts";
import { isContainer, type StepNode, type StepStatus } from "../../src/engine/model.ts";
import { isRollBack, owedBefore } from "../../src/engine/roll-back.ts";
import type { RecoverySnapshot } from "../../src/engine/run-snapshot.ts";
import { anyRecovery } from "./support/any-plan.ts";
import { aPlan, aRecovery, promptStep } from "./support/plans.ts";
import { play } from "./support/play.ts";
import { violations } from "./support/rules.ts";

vi.setConfig({ testTimeout: 60_000 });

const shop = aPlan().group("db-1").group("web-1").build();
const planned = aRecovery("PLANNED", shop);
const disaster = aRecovery("DISASTER", shop);

/** The earlier run's steps; all of them succeeded, but for those that are named. */
const earlier = (snapshot: RecoverySnapshot, others: Readonly<Record<string, Partial<EarlierStep>>> = {}): EarlierStep[] =>
  compile(snapshot)
    .nodes.filter((node) => !isContainer(node))
    .map(({ key, kind, siteId, spec, name }) => ({
      key,
      kind,
      siteId,
      spec: JSON.parse(JSON.stringify(spec)),
      status: isRollBack({ kind }) ? "SKIPPED" : "SUCCEEDED",
      attempt: 1,
      message: "done",
      result: { of: key },
      startedAt: isRollBack({ kind }) ? null : Date.parse("2026-01-15T14:29:00Z"),
      endedAt: Date.parse("2026-01-15T14:30:00Z"),
      ...others[name],
    }));

function doneOf(snapshot: RecoverySnapshot, steps: readonly EarlierStep[]) {
  const { nodes } = compile(snapshot);
  const done = alreadyDone(snapshot.kind, nodes, steps, "protected");
  const status = new Map(nodes.map(({ name, ordinal }) => [name, done.get(ordinal)?.status ?? "PENDING"]));
  return { status: (name: string) => status.get(name), done, nodes };
}

describe("a planned run again", () => {
  it("does nothing again that is done and unchanged, and hands its results and times on", () => {
    const { done, nodes } = doneOf(planned, earlier(planned));
    const left = nodes.filter((node) => !isContainer(node) && done.get(node.ordinal)?.status !== "ALREADY_DONE");
    expect(left.filter((node) => !isRollBack(node))).toEqual([]);
    const [first] = [...done.values()];
    expect(first).toMatchObject({ message: "done", result: { doneAt: "2026-01-15T14:30:00.000Z", of: expect.any(String) } });
  });

  it.each<StepStatus>(["FAILED", "CANCELLED", "SKIPPED", "RUNNING", "PENDING"])("does again what was %s", (status) => {
    expect(doneOf(planned, earlier(planned, { "Power on db-1": { status } })).status("Power on db-1")).toBe("PENDING");
  });

  it("does again what was a warning for a failure, and not what went on with one", () => {
    const status = "WARNING" as const;
    const { status: of } = doneOf(
      planned,
      earlier(planned, { "Shut down db-1": { status }, "Check that db-1 is ready": { status }, "Power on db-1": { status } }),
    );
    expect([of("Shut down db-1"), of("Check that db-1 is ready"), of("Power on db-1")]).toEqual(["PENDING", "PENDING", "ALREADY_DONE"]);
  });

  it("does a step again whose settings have changed, such as another ready check, and what is registered stays", () => {
    const readyCheck = { kind: "TCP", timeoutSeconds: 60, port: 443, target: null } as const;
    const changed = { ...planned, vms: planned.vms.map((vm) => ({ ...vm, readyCheck, nics: [] })) };
    const { status } = doneOf(changed, earlier(planned));
    expect([status("Register db-1"), status("Check that db-1 is ready")]).toEqual(["ALREADY_DONE", "PENDING"]);
  });

  it("does all of a VM again that was registered on storage that is not promoted", () => {
    const { status } = doneOf(planned, earlier(planned, { "Promote storage of Group 1": { status: "FAILED" } }));
    expect([status("Register db-1"), status("Power on db-1"), status("Register web-1")]).toEqual(["PENDING", "PENDING", "ALREADY_DONE"]);
  });

  it("synchronises again when a VM of the group has to be shut down", () => {
    const failed = { status: "FAILED" } as const;
    const { status } = doneOf(planned, earlier(planned, { "Shut down db-1": failed, "Promote storage of Group 1": failed }));
    const last = "Synchronise the last changes of";
    expect([status(`${last} Group 1`), status(`${last} Group 2`)]).toEqual(["PENDING", "ALREADY_DONE"]);
  });

  it("copies nothing more into a group that is promoted", () => {
    const name = "Synchronise the last changes of Group 1";
    expect(doneOf(planned, earlier(planned, { [name]: { status: "FAILED" } })).status(name)).toBe("SKIPPED");
  });

  it("shuts down again what was powered on by a roll-back", () => {
    const rolledBack = {
      "Promote storage of Group 1": { status: "CANCELLED" },
      "Promote storage of Group 2": { status: "CANCELLED" },
      "Power on db-1 again": { status: "SUCCEEDED", startedAt: 1 },
    } as const;
    const { status } = doneOf(planned, earlier(planned, rolledBack));
    expect([
      status("Shut down db-1"),
      status("Make storage of Group 1 read-only"),
      status("Synchronise the last changes of Group 1"),
    ]).toEqual(["PENDING", "PENDING", "PENDING"]);
  });

  it("has to put back what the earlier one has not: what a roll-back failed at, or one that never was has left", () => {
    const { nodes } = compile(planned);
    const wasOn = { result: { wasOn: true } };
    const others = {
      "Shut down db-1": wasOn,
      "Shut down web-1": wasOn,
      "Power on db-1 again": { status: "SUCCEEDED" },
      "Power on web-1 again": { status: "FAILED" },
      "Make storage of Group 1 read-only": { status: "CANCELLED" },
      "Make storage of Group 2 read-only": { status: "CANCELLED", startedAt: null },
    } as const;
    const owed = owedBefore(nodes, earlier(planned, others));
    expect([...owed].map((ordinal) => nodes[ordinal - 1]?.name)).toEqual(["Power on web-1 again"]);
    const again = { ...others, "Shut down web-1": { status: "CANCELLED" }, "Power on web-1 again": { result: { owed: true } } } as const;
    expect(owedBefore(nodes, earlier(planned, again))).toEqual(owed);
  });

  it("asks a prompt again that was answered with anything but go on", () => {
    const asked = aRecovery("PLANNED", aPlan().group("a").pre(promptStep("ask")).build());
    const answered = (answer: string) => doneOf(asked, earlier(asked, { ask: { result: { answer } } })).status("ask");
    expect([answered("CONTINUE"), answered("SKIP"), answered("ABORT")]).toEqual(["ALREADY_DONE", "PENDING", "PENDING"]);
  });
});

describe("a disaster run after a planned one", () => {
  it("goes on with what is done, and synchronises again where nothing is promoted yet", () => {
    const { status } = doneOf(disaster, earlier(planned, { "Promote storage of Group 1": { status: "FAILED" } }));
    expect([status("Shut down db-1"), status("Promote storage of Group 2"), status("Check that web-1 is ready")]).toEqual([
      "ALREADY_DONE",
      "ALREADY_DONE",
      "ALREADY_DONE",
    ]);
    expect([status("Synchronise Group 1"), status("Synchronise the last changes of Group 1")]).toEqual(["PENDING", "PENDING"]);
    expect(status("Synchronise Group 2")).toBe("ALREADY_DONE");
  });

  it("fences anew: that a VM was off is no proof that it is", () => {
    expect(doneOf(disaster, earlier(disaster)).status("Power off the protected VMs")).toBe("PENDING");
  });
});

it("a run that goes on with another, however far that came, keeps each order rule", () => {
  const property = fc.property(anyRecovery(), fc.integer(), fc.integer(), fc.nat(1000), (snapshot, first, second, at) => {
    const { nodes } = compile(snapshot);
    const { statuses } = play(nodes, { seed: first, cancelAt: at });
    const steps = earlier(snapshot).map((step, index) => ({ ...step, ...endOf(statuses, leaves(nodes)[index]) }));
    const done = alreadyDone(snapshot.kind, nodes, steps, "protected");
    const settled = new Map([...done].map(([ordinal, { status }]) => [ordinal, status]));
    const found = violations(play(nodes, { seed: second, done: settled }), snapshot);
    if (found.length > 0) throw new Error(`broken: ${found.slice(0, 5).join("; ")}`);
  });
  fc.assert(property, { seed: 20_261_126, numRuns: 200, endOnFailure: true });
});

const leaves = (nodes: readonly StepNode[]) => nodes.filter((node) => !isContainer(node));
const endOf = (statuses: ReadonlyMap<number, StepStatus>, node: StepNode | undefined): Partial<EarlierStep> => ({
  status: statuses.get(node?.ordinal ?? 0) ?? "PENDING",
  ...(node?.kind === "PROMPT" ? { result: { answer: "CONTINUE" } } : {}),
});
