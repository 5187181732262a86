import { describe, expect, it } from "vitest";
import { CompileError, compile } from "../../src/engine/compile.ts";
import type { StepNode } from "../../src/engine/model.ts";
import type { RunSnapshot } from "../../src/engine/run-snapshot.ts";
import { aCleanup, aPlan, command, commandStep, pauseStep, promptStep } from "./support/plans.ts";

const treeOf = (snapshot: RunSnapshot) => compile(snapshot).nodes;
const lines = (nodes: readonly StepNode[]) => nodes.map(({ path, kind, name }) => `${path} ${kind} ${name}`);
const named = (nodes: readonly StepNode[], name: string): StepNode => {
  const found = nodes.find((node) => node.name === name);
  if (!found) throw new Error(`no step is called ${name}`);
  return found;
};

describe("a test", () => {
  it("synchronises, makes snapshots and networks, then brings up priority groups in order", () => {
    const plan = aPlan()
      .group({ name: "db-1", startupDelaySeconds: 10 })
      .post(commandStep("verify-db"))
      .group("web-1")
      .pre(promptStep("ask"));
    expect(lines(treeOf(plan.build()))).toEqual([
      "1 SYNCHRONISE_STORAGE Synchronise storage",
      "1.1 SYNCHRONISE Synchronise Group 1",
      "1.2 SYNCHRONISE Synchronise Group 2",
      "2 CREATE_SNAPSHOTS Create writable snapshots",
      "2.1 CREATE_SNAPSHOT Create snapshot of Group 1",
      "2.2 CREATE_SNAPSHOT Create snapshot of Group 2",
      "3 PREPARE_TEST_NETWORKS Prepare test networks",
      "3.1 CREATE_TEST_NETWORK Create isolated network for LAN",
      "4 PRIORITY_GROUP Priority group 1",
      "4.1 VM db-1",
      "4.1.1 STARTUP_DELAY Wait 10 s before db-1",
      "4.1.2 REGISTER_VM Register db-1",
      "4.1.3 POWER_ON Power on db-1",
      "4.1.4 READY_CHECK Check that db-1 is ready",
      "4.2 COMMAND verify-db",
      "5 PRIORITY_GROUP Priority group 2",
      "5.1 PROMPT ask",
      "5.2 VM web-1",
      "5.2.1 REGISTER_VM Register web-1",
      "5.2.2 POWER_ON Power on web-1",
      "5.2.3 READY_CHECK Check that web-1 is ready",
    ]);
  });

  it("takes the newest point there is when it does not synchronise", () => {
    const nodes = treeOf(aPlan().group("a").options({ syncData: false }).build());
    expect(nodes.some(({ kind }) => kind === "SYNCHRONISE")).toBe(false);
    expect(named(nodes, "Create snapshot of Group 1")).toMatchObject({ after: [], spec: { pointFrom: null, groupId: "group-1-x" } });
  });

  it("makes a group's snapshot after its own synchronisation, whatever the others do", () => {
    const nodes = treeOf(aPlan().group("a").group("b").build());
    const own = named(nodes, "Synchronise Group 2").ordinal;
    expect(named(nodes, "Create snapshot of Group 2")).toMatchObject({ after: [own], needs: [], spec: { pointFrom: own } });
  });

  it("makes networks only for VMs that need them and whose mapping has none", () => {
    const nics = [
      { nicIndex: 0, testNetwork: "mapped" },
      { nicIndex: 1, testNetwork: "made" },
    ];
    const testNetworks = [
      { id: "mapped", name: "LAN", testNetworkId: "bubble" },
      { id: "made", name: "DMZ", testNetworkId: null },
      { id: "unused", name: "SAN", testNetworkId: null },
    ];
    const nodes = treeOf(aPlan().with({ testNetworks }).group({ name: "a", nics }).build());
    const made = nodes.filter(({ kind }) => kind === "CREATE_TEST_NETWORK");
    expect(made.map(({ name }) => name)).toEqual(["Create isolated network for DMZ"]);
    const networks = [
      { nicIndex: 0, network: { id: "bubble" } },
      { nicIndex: 1, network: { madeBy: made[0]?.ordinal } },
    ];
    expect(named(nodes, "Register a").spec).toMatchObject({ nics: networks });
    expect(named(nodes, "a").needs).toEqual([named(nodes, "Create snapshot of Group 1").ordinal, made[0]?.ordinal]);
    const all = testNetworks.map((network) => ({ ...network, testNetworkId: "bubble" }));
    expect(
      treeOf(aPlan().with({ testNetworks: all }).group({ name: "a", nics }).build()).some(({ kind }) => kind === "PREPARE_TEST_NETWORKS"),
    ).toBe(false);
  });

  it("leaves steps of the protected site out from the start, unless they say runInTest, and waits for none of those", () => {
    const protectedSite = { runOnSite: "PROTECTED" } as const;
    const nodes = treeOf(
      aPlan()
        .group("a")
        .pre(commandStep("first"), commandStep("left-out", protectedSite), commandStep("kept", { ...protectedSite, runInTest: true }))
        .build(),
    );
    expect(named(nodes, "left-out").skipReason).toBe("Runs at the protected site protected, which a test does not touch");
    expect(named(nodes, "kept")).toMatchObject({ skipReason: null, siteId: "protected" });
    expect(named(nodes, "kept").after.at(-1)).toBe(named(nodes, "first").ordinal);
    expect(named(nodes, "a").after).toEqual([named(nodes, "first").ordinal, named(nodes, "kept").ordinal]);
  });

  it("leaves commands out with runScripts false, and keeps prompts, pauses and script ready checks", () => {
    const readyCheck = { kind: "SCRIPT", timeoutSeconds: 60, port: null, target: "/scripts/ready.sh" } as const;
    const scripts = { preCommands: [command("p")], postCommands: [command("q"), command("r", { runInGuest: true })] };
    const plan = aPlan()
      .group({ name: "a", readyCheck, ...scripts })
      .pre(commandStep("c"), promptStep("ask"))
      .post(pauseStep("breathe", 5));
    const kinds = treeOf(plan.options({ runScripts: false }).build()).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "COMMAND" || kind === "GUEST_COMMAND")).toEqual([]);
    expect(kinds).toEqual(expect.arrayContaining(["PROMPT", "PAUSE", "READY_CHECK"]));
  });

  it("starts VMs of a group in tiers, whatever their order in the plan", () => {
    const priorities = ["LOWEST", "NORMAL", "HIGHEST", "LOW", "HIGH"] as const;
    const nodes = treeOf(
      aPlan()
        .group(...priorities.map((priority) => ({ name: priority, priority })))
        .build(),
    );
    const vms = nodes.filter(({ kind }) => kind === "VM");
    expect(vms.map(({ name, afterGates }) => `${name} ${afterGates.length}`)).toEqual([
      "HIGHEST 0",
      "HIGH 1",
      "NORMAL 2",
      "LOW 3",
      "LOWEST 4",
    ]);
    expect(nodes.filter(({ opensGate }) => opensGate !== null).map(({ kind }) => kind)).toEqual(priorities.map(() => "READY_CHECK"));
  });

  it("lets dependents wait for ready, not for power-on, also across priority groups", () => {
    const nodes = treeOf(
      aPlan()
        .group("db-1")
        .group({ name: "web-1", dependsOn: ["db-1"] })
        .build(),
    );
    expect(named(nodes, "web-1").needs).toContain(named(nodes, "Check that db-1 is ready").ordinal);
  });

  it("mentions a dependency that is not part of the run, and does not wait for it", () => {
    const { nodes, warnings } = compile(
      aPlan()
        .group({ name: "web-1", dependsOn: ["db-1"] })
        .build(),
    );
    expect(named(nodes, "web-1").needs).toHaveLength(2);
    expect(warnings).toMatchObject([{ code: "DEPENDENCY_OUTSIDE_RUN", message: expect.stringContaining("web-1") }]);
  });

  it("keeps the snapshot's own warnings", () => {
    const given = { code: "SYNC_IGNORED", message: "as it is" };
    expect(
      compile(
        aPlan()
          .group("a")
          .with({ warnings: [given] })
          .build(),
      ).warnings,
    ).toEqual([given]);
  });

  it("refuses a snapshot that contradicts itself", () => {
    const lost = aPlan().group("a").with({ testNetworks: [] }).build();
    expect(() => compile(lost)).toThrow(new CompileError("Adapter 0 of a has no test network."));
    expect(() => compile(aPlan().group("a").with({ priorityGroups: [] }).build())).toThrow(
      "The protection group of a is in no priority group.",
    );
  });

  it("refuses VMs that wait for each other, by name", () => {
    const plan = aPlan()
      .group({ name: "db-1", dependsOn: ["web-1"] })
      .group("web-1");
    expect(() => compile(plan.build())).toThrow(
      new CompileError(
        "The VMs wait for each other: db-1 waits for web-1 (depends on), web-1 waits for db-1 (priority group 2 comes after 1).",
      ),
    );
  });
});

describe("every tree", () => {
  const plan = aPlan()
    .group({ name: "db-1", priority: "HIGH" }, "db-2")
    .post(commandStep("verify"))
    .group({ name: "web-1", dependsOn: ["db-2"] });

  it("is the same for the same snapshot, has ordinals depth-first and no key twice", () => {
    const nodes = treeOf(plan.build());
    expect(treeOf(plan.build())).toEqual(nodes);
    expect(nodes.map(({ ordinal }) => ordinal)).toEqual(nodes.map((_, index) => index + 1));
    expect(nodes.every(({ parent, ordinal }) => parent === null || parent < ordinal)).toBe(true);
    expect(new Set(nodes.map(({ key }) => key)).size).toBe(nodes.length);
    expect(named(nodes, "Power on db-1").key).toBe("POWER_ON:vm-db-1");
  });

  it("has a key for each of two left-over snapshots of one group", () => {
    const one = { groupId: "g", groupName: "G", snapshotId: "1" };
    const snapshot = aCleanup([]);
    const remains = { ...snapshot.remains, snapshots: [one, { ...one, snapshotId: "2" }] };
    const keys = treeOf({ ...snapshot, remains }).flatMap(({ kind, key }) => (kind === "DISCARD_SNAPSHOT" ? [key] : []));
    expect(keys).toEqual(["DISCARD_SNAPSHOT:g", "DISCARD_SNAPSHOT:g#2"]);
  });

  it("restores a placeholder that no VM is known for", () => {
    const snapshot = aCleanup([]);
    const placeholders = [{ placeholderId: "place", name: "web-placeholder" }];
    const nodes = treeOf({ ...snapshot, remains: { ...snapshot.remains, placeholders } });
    expect(nodes.map(({ kind }) => kind)).not.toContain("REMOVE_TEST_VMS");
    expect(named(nodes, "Restore placeholder web-placeholder")).toMatchObject({
      kind: "RESTORE_PLACEHOLDER",
      spec: { placeholderId: "place" },
      vmId: null,
    });
  });

  it("expects steps and answers to take as long as in past runs, to the millisecond, but a delay as long as it is set", () => {
    const pastSeconds = { "POWER_ON:vm-a": 99.4321, "STARTUP_DELAY:vm-a": 5, "PROMPT:ask": 0.25 };
    const plan = aPlan().group({ name: "a", startupDelaySeconds: 20 }, "b").pre(promptStep("ask"));
    const nodes = treeOf(plan.with({ pastSeconds }).build());
    expect(named(nodes, "Power on a").expectedSeconds).toBe(99.432);
    expect(named(nodes, "ask").expectedSeconds).toBe(0.25);
    expect(named(nodes, "Power on b").expectedSeconds).toBe(15);
    expect(named(nodes, "Wait 20 s before a").expectedSeconds).toBe(20);
  });

  it("looks in past runs for its own steps, and not through all that they had", () => {
    const ownKeys = () => {
      throw new Error("all of them were asked for");
    };
    const pastSeconds = new Proxy({ "POWER_ON:vm-a": 99 }, { ownKeys });
    expect(named(treeOf(aPlan().group("a").with({ pastSeconds }).build()), "Power on a").expectedSeconds).toBe(99);
  });

  it("has containers as long as the longest way through them, and one critical path", () => {
    const pastSeconds = { "POWER_ON:vm-slow": 1000 };
    const nodes = treeOf(aPlan().group("quick", "slow").with({ pastSeconds }).build());
    const slow = nodes.filter(({ vmId, kind }) => vmId === "vm-slow" && kind !== "VM");
    expect(named(nodes, "slow").expectedSeconds).toBe(slow.reduce((sum, { expectedSeconds }) => sum + expectedSeconds, 0));
    expect(named(nodes, "Priority group 1").expectedSeconds).toBe(named(nodes, "slow").expectedSeconds);
    expect(nodes.filter(({ onCriticalPath }) => onCriticalPath).map(({ name }) => name)).toEqual([
      "Synchronise storage",
      "Synchronise Group 1",
      "Create writable snapshots",
      "Create snapshot of Group 1",
      "Priority group 1",
      "slow",
      "Register slow",
      "Power on slow",
      "Check that slow is ready",
    ]);
  });
});
