import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { StepNode } from "../../src/engine/model.ts";
import { isRollBack } from "../../src/engine/roll-back.ts";
import type { TestSnapshot } from "../../src/engine/run-snapshot.ts";
import { anyCleanup, anyPlan, anyRising } from "./support/any-plan.ts";
import { brokenTrees, deaf, forgetful, halfHearted, lossy } from "./support/broken.ts";
import { type PlayOptions, play } from "./support/play.ts";
import { type RuleName, rules, violations } from "./support/rules.ts";

// Thousands of plans are seconds of work, and more on a machine that does other things too.
vi.setConfig({ testTimeout: 60_000 });

const seed = 20_261_123;
const runs = { seed, numRuns: 1000 };
/** Broken on purpose: the first failure is enough, and need not be the smallest. */
const fails = { seed, numRuns: 1000, endOnFailure: true };

const same = (nodes: readonly StepNode[]) => nodes;

const check = (found: readonly string[]): void => {
  if (found.length > 0) throw new Error(`broken: ${found.slice(0, 5).join("; ")}`);
};

/** Fails, and for what the property says, not for a mistake on the way. */
function expectNoticed<T>(property: fc.IProperty<T>): void {
  const { failed, errorInstance } = fc.check(property, fails);
  expect(failed).toBe(true);
  expect(String(errorInstance)).toContain("Error: broken: ");
}

/** Any plan, any order of ends. */
const keepsRules = (
  judge: typeof violations,
  breaking: (nodes: readonly StepNode[]) => readonly StepNode[] = same,
  options: Partial<PlayOptions> = {},
) =>
  fc.property(anyRising(), fc.integer(), (snapshot, order) => {
    check(judge(play(breaking(compile(snapshot).nodes), { seed: order, ...options }), snapshot));
  });

const byRule =
  (name: RuleName): typeof violations =>
  (played, snapshot) => [...rules[name](played, snapshot)];

describe("every plan, in every order in which its steps may end", () => {
  it("reaches each step and keeps each order rule, whatever fails", () => {
    fc.assert(keepsRules(violations), runs);
  });

  it.each(brokenTrees)("$rule: noticed when $how", ({ rule, breaking }) => {
    expectNoticed(keepsRules(byRule(rule), breaking));
  });

  it("a dependent is skipped when its dependency fails: noticed when failures go unheard", () => {
    expectNoticed(keepsRules(violations, same, { create: deaf }));
  });

  it("has no deadlock: noticed when a step that may start is forgotten", () => {
    expectNoticed(keepsRules(byRule("every step is reached"), same, { create: forgetful }));
  });
});

describe("a cancel at any point", () => {
  const ends = (options: Partial<PlayOptions> = {}) =>
    fc.property(anyRising(), fc.integer(), fc.nat(1000), (snapshot, order, at) => {
      const { nodes } = compile(snapshot);
      const { turns } = play(nodes, { seed: order });
      const { stuck, story } = play(nodes, { seed: order, cancelAt: 1 + (at % turns), ...options });
      const isWayBack = (line: string) => isRollBack(nodes[Number.parseInt(line, 10) - 1] ?? { kind: "" });
      const late = story.slice(story.indexOf("cancel")).filter((line) => line.endsWith("started") && !isWayBack(line));
      check([...stuck.map((ordinal) => `${ordinal} is never over`), ...late.map((line) => `${line} after the cancel`)]);
    });

  it("ends: nothing new starts but what is put back, what runs is let run out, and every step is settled", () => {
    fc.assert(ends(), runs);
  });

  it("is noticed when it does not stop what has not started", () => {
    expectNoticed(ends({ create: halfHearted }));
  });
});

describe("a run that is resumed from its recorded statuses, at any point", () => {
  const goesOnTheSame = (options: Partial<PlayOptions> = {}) =>
    fc.property(anyRising(), fc.integer(), fc.nat(1000), (snapshot, order, at) => {
      const { nodes } = compile(snapshot);
      const undisturbed = play(nodes, { seed: order });
      const { story } = play(nodes, { seed: order, resumeAt: 1 + (at % undisturbed.turns), ...options });
      const differs = story.findIndex((line, index) => line !== undisturbed.story[index]);
      const missing = story.length < undisturbed.story.length ? ["it ends too early"] : [];
      check(differs < 0 ? missing : [`${story[differs]} instead of ${undisturbed.story[differs]}`]);
    });

  it("goes on exactly as it would have", () => {
    fc.assert(goesOnTheSame(), runs);
  });

  it("is noticed when an end was not recorded", () => {
    expectNoticed(goesOnTheSame({ recorded: lossy }));
  });
});

describe("every cleanup", () => {
  const inOrder = (breaking: (nodes: readonly StepNode[]) => readonly StepNode[] = same) =>
    fc.property(anyCleanup(), fc.integer(), (snapshot, order) => {
      const { nodes, started, ended, stuck } = play(breaking(compile(snapshot).nodes), { seed: order });
      const start = (node: StepNode) => started.get(node.ordinal) ?? Number.POSITIVE_INFINITY;
      const end = (node: StepNode) => ended.get(node.ordinal) ?? Number.POSITIVE_INFINITY;
      const of = (...kinds: StepNode["kind"][]) => nodes.filter(({ kind }) => kinds.includes(kind));
      const removed = Math.max(0, ...of("REMOVE_VM").map(end));
      const ofVm = new Map(Map.groupBy(of("POWER_OFF", "REMOVE_VM", "RESTORE_PLACEHOLDER"), ({ vmId }) => vmId));
      check([
        ...stuck.map((ordinal) => `${ordinal} is never over`),
        ...[...ofVm.values()]
          .filter(([off, remove, restore]) => off && remove && restore && (start(remove) < end(off) || start(restore) < end(remove)))
          .map(String),
        ...of("DISCARD_SNAPSHOT", "REMOVE_NETWORK")
          .filter((node) => start(node) < removed)
          .map(({ name }) => `${name} too early`),
        ...of("LEAK_AUDIT")
          .filter((node) => start(node) !== Math.max(...started.values()))
          .map(() => "the audit is not the last"),
      ]);
    });

  it("removes VMs, restores their placeholders, discards storage and networks, and audits last and always", () => {
    fc.assert(inOrder(), runs);
  });

  it("is noticed when storage goes before its VMs, or the audit waits for nothing", () => {
    const without = (wanted: string) => (nodes: readonly StepNode[]) =>
      nodes.map((node) => (node.kind === wanted ? { ...node, after: [] } : node));
    expectNoticed(inOrder(without("DISCARD_TEST_STORAGE")));
    expectNoticed(inOrder(without("LEAK_AUDIT")));
  });
});

describe("25,000 VMs", () => {
  const edgesPerVm = (count: number) => {
    const { nodes } = compile(largePlan(count));
    return nodes.reduce((sum, { after, needs, afterGates }) => sum + after.length + needs.length + afterGates.length, 0) / count;
  };

  it("have edges in proportion, not each with each, and come to an end", () => {
    expect(edgesPerVm(25_000)).toBeLessThanOrEqual(edgesPerVm(2500) * 1.05);
    expect(play(compile(largePlan(25_000)).nodes, { seed: 3 }).stuck).toEqual([]);
  });
});

/** The VMs of a sample again and again; each waits for the one before it of its kind. */
function largePlan(count: number): TestSnapshot {
  const sample = fc.sample(anyPlan(), { seed: 7, numRuns: 50 }).find(({ vms }) => vms.length > 20);
  if (!sample) throw new Error("no sample has enough VMs");
  const { length } = sample.vms;
  const rounds = Array.from({ length: Math.ceil(count / length) }, (_, round) => round);
  const vms = rounds.flatMap((round) =>
    sample.vms.map((vm, index) => ({
      ...vm,
      id: `vm-${round}-${index}`,
      name: `m${round}-${index}`,
      dependsOn: round === 0 ? [] : [`vm-${round - 1}-${index}`],
    })),
  );
  return { ...sample, vms: vms.slice(0, count) };
}
