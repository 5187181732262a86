/** What of a plan has changed between two snapshots. */
import { describe, expect, it } from "vitest";
import type { Compared, PlanChange } from "../../../src/domain/readiness/change.ts";
import { changesBetween } from "../../../src/domain/readiness/changes.ts";
import type { FindingObject } from "../../../src/domain/readiness/found.ts";
import { readinessOf, scoreOf } from "../../../src/domain/readiness/score.ts";
import type { SnapshotPlanStep, SnapshotVm } from "../../../src/engine/run-snapshot.ts";

const plan: FindingObject = { type: "RecoveryPlan", id: "p", name: "shop" };

const vm = (id: string, more: Partial<SnapshotVm> = {}): SnapshotVm => ({
  id,
  name: `vm ${id}`,
  externalId: id,
  groupId: "g1",
  placeholderId: `ph-${id}`,
  folderId: "/b",
  resourcePoolId: "pool",
  nics: [{ nicIndex: 0, testNetwork: "n1" }],
  priority: "NORMAL",
  startupDelaySeconds: 0,
  powerOnAfterRecovery: true,
  readyCheck: { kind: "HEARTBEAT", timeoutSeconds: 300, port: null, target: null },
  addresses: null,
  dependsOn: [],
  preCommands: [],
  postCommands: [],
  ...more,
});
const step = (id: string, message = "Go on?"): SnapshotPlanStep => ({
  id,
  name: `ask ${id}`,
  type: "PROMPT",
  message,
  timeoutSeconds: null,
  defaultAnswer: null,
});
const command = (text: string) => ({
  id: `${Math.random()}`,
  command: text,
  arguments: [],
  timeoutSeconds: 60,
  rerunnable: false,
  runInGuest: false,
  guestUsername: null,
  passwordSecretId: null,
});

const base: Compared = {
  protectedSite: { id: "a", name: "A" },
  recoverySite: { id: "b", name: "B" },
  groups: [
    { id: "g1", name: "data", externalId: "x" },
    { id: "g2", name: "web", externalId: "y" },
  ],
  priorityGroups: [
    { priority: 1, name: "First", groupIds: ["g1"], preSteps: [step("s1"), step("s2"), step("s3")], postSteps: [] },
    { priority: 2, name: "Then", groupIds: ["g2"], preSteps: [], postSteps: [] },
  ],
  testNetworks: [
    { id: "n1", name: "Bubble", testNetworkId: "Bubble" },
    { id: "n2", name: "Other", testNetworkId: null },
  ],
  vms: [vm("1"), vm("2", { dependsOn: ["1"], preCommands: [command("a.sh"), command("b.sh")] })],
};

const told = (after: Compared, before = base) =>
  changesBetween(plan, before, after).map(({ kind, change, object, field, before: was, after: is }: PlanChange) => [
    kind,
    change,
    object.name,
    field,
    was,
    is,
  ]);
const withVm = (more: Partial<SnapshotVm>): Compared => ({ ...base, vms: [vm("1", more), ...base.vms.slice(1)] });
const withSteps = (...preSteps: SnapshotPlanStep[]): Compared => ({
  ...base,
  priorityGroups: base.priorityGroups.map((group, at) => (at === 0 ? { ...group, preSteps } : group)),
});
/** As the database gives JSON back: fields in another order. */
const stored = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(stored)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .reverse()
            .map(([key, field]) => [key, stored(field)]),
        )
      : value;

describe("what has changed since a test", () => {
  it("is nothing in a plan that is as it was, however it was written down", () => {
    expect(told(base)).toEqual([]);
    expect(told(base, { ...base, ...Object(stored(base)) })).toEqual([]);
  });

  it.each<[string, Compared, unknown[][]]>([
    ["a VM more", { ...base, vms: [...base.vms, vm("3")] }, [["VM", "ADDED", "vm 3", null, null, null]]],
    ["a VM less", { ...base, vms: base.vms.slice(0, 1) }, [["VM", "REMOVED", "vm 2", null, null, null]]],
    ["a setting", withVm({ startupDelaySeconds: 30 }), [["VM_SETTING", "CHANGED", "vm 1", "startupDelaySeconds", "0", "30"]]],
    [
      "a probe more",
      withVm({ probes: [{ id: "q", check: "TCP", timeoutSeconds: 9, port: 1, target: null }] }),
      [["VM_SETTING", "CHANGED", "vm 1", "probes", null, expect.stringContaining("TCP")]],
    ],
    [
      "a mapping",
      withVm({ nics: [{ nicIndex: 0, testNetwork: "n2" }] }),
      [["MAPPING", "CHANGED", "vm 1", "networks", "0: Bubble", "0: Other"]],
    ],
    ["a folder", withVm({ folderId: null }), [["MAPPING", "CHANGED", "vm 1", "folder", "/b", null]]],
    ["a command more", withVm({ postCommands: [command("c.sh")] }), [["VM_COMMAND", "ADDED", "vm 1", "postCommands", null, "c.sh (60 s)"]]],
    [
      "commands in another order",
      { ...base, vms: [vm("1"), vm("2", { dependsOn: ["1"], preCommands: [command("b.sh"), command("a.sh")] })] },
      [["ORDER", "CHANGED", "vm 2", "preCommands", "a.sh (60 s), b.sh (60 s)", "b.sh (60 s), a.sh (60 s)"]],
    ],
    ["a step more", withSteps(step("s0"), step("s1"), step("s2"), step("s3")), [["STEP", "ADDED", "ask s0", null, null, null]]],
    ["a step less", withSteps(step("s1"), step("s3")), [["STEP", "REMOVED", "ask s2", null, null, null]]],
    [
      "a step that says something else",
      withSteps(step("s1"), step("s2", "Sure?"), step("s3")),
      [["STEP", "CHANGED", "ask s2", "message", "Go on?", "Sure?"]],
    ],
    [
      "steps in another order",
      withSteps(step("s1"), step("s3"), step("s2")),
      [
        ["ORDER", "CHANGED", "ask s3", "place", "3. before 1", "2. before 1"],
        ["ORDER", "CHANGED", "ask s2", "place", "2. before 1", "3. before 1"],
      ],
    ],
    ["a group less", { ...base, groups: base.groups.slice(0, 1) }, [["GROUP", "REMOVED", "web", null, null, null]]],
    [
      "a group of another priority",
      { ...base, priorityGroups: base.priorityGroups.map((group) => (group.priority === 2 ? { ...group, priority: 7 } : group)) },
      [["ORDER", "CHANGED", "web", "priority", "2", "7"]],
    ],
    [
      "the other direction",
      { ...base, protectedSite: base.recoverySite, recoverySite: base.protectedSite },
      [["DIRECTION", "CHANGED", "shop", null, "A to B", "B to A"]],
    ],
  ])("is %s", (_what, after, changes) => {
    expect(told(after)).toEqual(changes);
  });
});

describe("the score", () => {
  const blocker = (code: "EMPTY" | "MAPPING_MISSING" | "RPO_CRITICAL") => ({ code, severity: "BLOCKER" }) as const;
  const warning = (code: "NEVER_TESTED" | "MAPPING_MISSING") => ({ code, severity: "WARNING" }) as const;
  it.each([
    [[], 100, "READY"],
    [[warning("NEVER_TESTED"), warning("NEVER_TESTED")], 92, "AT_RISK"],
    [[blocker("EMPTY"), warning("NEVER_TESTED")], 52, "NOT_READY"],
    [[blocker("MAPPING_MISSING"), warning("MAPPING_MISSING")], 60, "NOT_READY"],
    [[blocker("EMPTY"), blocker("MAPPING_MISSING"), blocker("RPO_CRITICAL")], 0, "NOT_READY"],
  ] as const)("of %j is %i, and the plan is %s", (found, score, readiness) => {
    expect([scoreOf(found), readinessOf(found)]).toEqual([score, readiness]);
  });
});
