import { describe, expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { StepNode } from "../../src/engine/model.ts";
import type { RunSnapshot } from "../../src/engine/run-snapshot.ts";
import { aCleanup, aPlan, command } from "./support/plans.ts";

const treeOf = (snapshot: RunSnapshot) => compile(snapshot).nodes;
const lines = (nodes: readonly StepNode[]) => nodes.map(({ path, kind, name }) => `${path} ${kind} ${name}`);
const named = (nodes: readonly StepNode[], name: string): StepNode => {
  const found = nodes.find((node) => node.name === name);
  if (!found) throw new Error(`no step is called ${name}`);
  return found;
};
const kindsOf = (nodes: readonly StepNode[], vm: string) => {
  const container = nodes.find(({ kind, name }) => kind === "VM" && name === vm);
  return nodes.filter(({ parent }) => parent === container?.ordinal).map(({ kind }) => kind);
};

describe("one VM", () => {
  const addresses = [{ nicIndex: 0, ip: "10.0.2.100", prefixLength: 24, gateway: "10.0.2.1", dnsServers: [], dnsSuffix: null }];
  const everything = {
    name: "a",
    addresses,
    startupDelaySeconds: 5,
    preCommands: [command("before")],
    postCommands: [command("after"), command("inside", { runInGuest: true })],
  };

  it("is delayed, prepared, registered, powered on, customised, checked, and followed up", () => {
    const nodes = treeOf(aPlan().group(everything).build());
    expect(kindsOf(nodes, "a")).toEqual([
      "STARTUP_DELAY",
      "COMMAND",
      "REGISTER_VM",
      "POWER_ON",
      "CUSTOMISE_IP",
      "READY_CHECK",
      "COMMAND",
      "GUEST_COMMAND",
    ]);
    const registered = named(nodes, "Register a").ordinal;
    expect(named(nodes, "Run /scripts/before.sh for a").spec).toMatchObject({ vm: { name: "a", registeredBy: null } });
    expect(named(nodes, "Run /scripts/after.sh for a").spec).toMatchObject({ vm: { registeredBy: registered } });
    expect(named(nodes, "Run /scripts/inside.sh in a").spec).toMatchObject({ vm: registered });
  });

  it("is customised before power-on where the provider says so", () => {
    const nodes = treeOf(aPlan().group({ name: "a", addresses }).able({ ipCustomisation: "BEFORE_POWER_ON" }).build());
    expect(kindsOf(nodes, "a")).toEqual(["REGISTER_VM", "CUSTOMISE_IP", "POWER_ON", "READY_CHECK"]);
  });

  it("keeps its addresses, with a warning, where the provider can't customise them", () => {
    const { nodes, warnings } = compile(aPlan().group({ name: "a", addresses }).able({ ipCustomisation: "NONE" }).build());
    expect(kindsOf(nodes, "a")).toEqual(["REGISTER_VM", "POWER_ON", "READY_CHECK"]);
    expect(warnings).toMatchObject([{ code: "CAPABILITY_MISSING" }]);
  });

  it.each([
    ["the run's powerOnVms", aPlan().group(everything).options({ powerOnVms: false })],
    ["its own powerOnAfterRecovery", aPlan().group({ ...everything, powerOnAfterRecovery: false })],
  ])("is left off by %s, with what would follow, and is ready when it is registered", (_, plan) => {
    const nodes = treeOf(plan.build());
    expect(kindsOf(nodes, "a")).toEqual(["STARTUP_DELAY", "COMMAND", "REGISTER_VM"]);
    expect(named(nodes, "Register a").opensGate).toBe(1);
    expect(kindsOf(treeOf(plan.able({ ipCustomisation: "BEFORE_POWER_ON" }).build()), "a")).toContain("CUSTOMISE_IP");
  });

  it("leaves commands in a guest out where there is no guest, or the provider reaches none", () => {
    const early = compile(
      aPlan()
        .group({ name: "a", preCommands: [command("x", { runInGuest: true })] })
        .build(),
    );
    expect(kindsOf(early.nodes, "a")).toEqual(["REGISTER_VM", "POWER_ON", "READY_CHECK"]);
    expect(early.warnings).toMatchObject([{ code: "GUEST_COMMAND_TOO_EARLY" }]);
    const unable = treeOf(aPlan().group(everything).able({ guestCommands: false }).build());
    expect(named(unable, "Run /scripts/inside.sh in a").skipReason).toBe("recovery can't run commands in a guest");
  });
});

describe("a cleanup", () => {
  it("removes VMs, restores placeholders, discards storage and networks, and audits", () => {
    expect(lines(treeOf(aCleanup(["a"])))).toEqual([
      "1 REMOVE_TEST_VMS Power off and remove test VMs",
      "1.1 VM a",
      "1.1.1 POWER_OFF Power off a",
      "1.1.2 REMOVE_VM Remove a",
      "2 RESTORE_PLACEHOLDERS Restore placeholders",
      "2.1 RESTORE_PLACEHOLDER Restore placeholder of a",
      "3 DISCARD_TEST_STORAGE Discard snapshots and isolated networks",
      "3.1 DISCARD_SNAPSHOT Discard snapshot of Group 0",
      "3.2 REMOVE_NETWORK Remove isolated network net-0",
      "4 LEAK_AUDIT Audit what is left of the test",
    ]);
  });

  it("needs a VM off before it is removed and gone before its placeholder comes back; with force it tries each", () => {
    const steps = (force: boolean) =>
      treeOf(aCleanup(["a"], { force })).flatMap(({ kind, needs, after }) =>
        ["REMOVE_VM", "RESTORE_PLACEHOLDER"].includes(kind) ? [[needs, after]] : [],
      );
    expect(steps(false)).toEqual([
      [[3], []],
      [[4], []],
    ]);
    expect(steps(true)).toEqual([
      [[], [3]],
      [[], [4]],
    ]);
  });

  it("only audits where nothing is left", () => {
    expect(lines(treeOf(aCleanup([], { groups: 0, networks: 0 })))).toEqual(["1 LEAK_AUDIT Audit what is left of the test"]);
  });
});
