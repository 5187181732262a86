import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import type { GroupSnapshot } from "../../src/engine/group-snapshot.ts";
import { isContainer, isGood, type StepNode } from "../../src/engine/model.ts";
import { anyGroupRun } from "./support/any-group.ts";
import { halfHearted } from "./support/broken.ts";
import { type Played, type PlayOptions, play } from "./support/play.ts";

vi.setConfig({ testTimeout: 60_000 });

const seed = 20_261_124;
const runs = { seed, numRuns: 1000 };
const fails = { seed, numRuns: 1000, endOnFailure: true };

const check = (found: readonly string[]): void => {
  if (found.length > 0) throw new Error(`broken: ${found.slice(0, 5).join("; ")}`);
};

function expectNoticed<T>(property: fc.IProperty<T>): void {
  const { failed, errorInstance } = fc.check(property, fails);
  expect(failed).toBe(true);
  expect(String(errorInstance)).toContain("Error: broken: ");
}

/** The rules, judged by what happened when and by the kinds of steps, never by the edges that the compiler made. */
function violations({ nodes, started, ended, statuses, stuck }: Played, snapshot: GroupSnapshot): string[] {
  const of = (...kinds: StepNode["kind"][]) => nodes.filter(({ kind }) => kinds.includes(kind));
  const start = (list: readonly StepNode[]) => Math.min(...list.map(({ ordinal }) => started.get(ordinal) ?? Number.POSITIVE_INFINITY));
  const end = (list: readonly StepNode[]) => Math.max(0, ...list.map(({ ordinal }) => ended.get(ordinal) ?? Number.POSITIVE_INFINITY));
  const good = (list: readonly StepNode[]) => list.every(({ ordinal }) => isGood(statuses.get(ordinal) ?? "PENDING"));
  const ran = (list: readonly StepNode[]) => list.filter(({ ordinal }) => started.has(ordinal));
  const wrong = (is: boolean, text: string) => (is ? [text] : []);
  const after = (later: readonly StepNode[], earlier: readonly StepNode[]) => start(later) > end(earlier);

  const [discovery, configured, joined] = [of("DISCOVER_DATASTORES"), of("CONFIGURE_REPLICATION"), of("ADD_TO_REPLICATION")];
  const changed = of("CHANGE_STORAGE");
  const [made, synchronised, left] = [of("CREATE_PLACEHOLDER"), of("SYNCHRONISE"), of("REMOVE_FROM_REPLICATION")];
  const deletes = snapshot.kind === "GROUP_DELETE";
  const stops = of("STOP_REPLICATION");
  const [removed, stopped, abandoned] = [of("REMOVE_PLACEHOLDER"), deletes ? stops : [], deletes ? [] : stops];
  const replicated = [...configured, ...joined];
  const forced = snapshot.kind === "GROUP_DELETE" && snapshot.force;
  const before = [...left, ...stopped];
  return [
    ...wrong(stuck.length > 0, "a step was never reached"),
    ...wrong(
      ran(configured).length > 0 && (!good(discovery) || !after(configured, discovery)),
      "replicated before its datastores were known",
    ),
    ...wrong(ran(replicated).length > 0 && !after(replicated, abandoned), "replicated before an abandoned group had given its VMs up"),
    ...wrong(ran(joined).length > 0 && (!good(changed) || !after(joined, changed)), "VMs joined before their datastores did"),
    ...wrong(ran(left).length > 0 && !after(left, changed), "VMs left before their datastores did"),
    ...wrong(ran(made).length > 0 && (!good(replicated) || !after(made, replicated)), "a placeholder without replication"),
    ...wrong(ran(synchronised).length > 0 && (!good(replicated) || !after(synchronised, [...replicated, ...made])), "copied too early"),
    ...wrong(replicated.length > 0 && good(replicated) && ran(synchronised).length === 0, "never copied, though replicated"),
    ...wrong(ran(left).length < left.length || !after(left, synchronised), "members left before the others' data was copied, or never"),
    ...wrong(ran(removed).length > 0 && !after(removed, before), "a placeholder removed while its VM was replicated"),
    ...wrong(!forced && ran(removed).length > 0 && !good(before), "a placeholder removed though replication goes on"),
    ...wrong((forced || good(before)) && ran(removed).length < removed.length, "a placeholder left out"),
  ];
}

const same = (nodes: readonly StepNode[]) => nodes;
const keepsRules = (breaking: (nodes: readonly StepNode[]) => readonly StepNode[] = same) =>
  fc.property(anyGroupRun(), fc.integer(), (snapshot, order) => {
    check(violations(play(breaking(compile(snapshot).nodes), { seed: order }), snapshot));
  });

const without = (kind: StepNode["kind"], edges: "after" | "needs") => (nodes: readonly StepNode[]) =>
  nodes.map((node) => (node.kind === kind ? { ...node, [edges]: [] } : node));

describe("every run of a protection group, in every order in which its steps may end", () => {
  it("reaches each step and keeps the order of protection, whatever fails", () => {
    fc.assert(keepsRules(), runs);
  });

  it.each([
    ["CONFIGURE_REPLICATION", "needs"],
    ["CONFIGURE_REPLICATION", "after"],
    ["ADD_TO_REPLICATION", "needs"],
    ["ADD_TO_REPLICATION", "after"],
    ["CREATE_PLACEHOLDERS", "needs"],
    ["SYNCHRONISE", "after"],
    ["SYNCHRONISE", "needs"],
    ["REMOVE_FROM_REPLICATION", "after"],
    ["REMOVE_PLACEHOLDERS", "needs"],
    ["REMOVE_PLACEHOLDERS", "after"],
  ] as const)("is noticed when %s has no %s", (kind, edges) => {
    expectNoticed(keepsRules(without(kind, edges)));
  });

  it("has a step for each VM that there is something to do for", () => {
    const property = fc.property(anyGroupRun(), (snapshot) => {
      const { nodes } = compile(snapshot);
      const vms = nodes.filter((node) => !isContainer(node) && node.vmId !== null).map(({ vmId }) => vmId);
      expect(vms.toSorted()).toEqual(concerned(snapshot).toSorted());
      expect(new Set(nodes.map(({ key }) => key)).size).toBe(nodes.length);
    });
    fc.assert(property, runs);
  });
});

function concerned(snapshot: GroupSnapshot): string[] {
  const withPlaceholder = (list: readonly { readonly id: string; readonly placeholderId: string | null }[]) =>
    list.filter(({ placeholderId }) => placeholderId !== null);
  if (snapshot.kind === "GROUP_CREATE") return snapshot.vms.map(({ id }) => id);
  const list =
    snapshot.kind === "GROUP_UPDATE"
      ? [...snapshot.added, ...withPlaceholder(snapshot.removed)]
      : [...withPlaceholder(snapshot.vms), ...(snapshot.rollsBack?.inDoubt ?? [])];
  return list.map(({ id }) => id);
}

describe("a run of a protection group", () => {
  const disturbed = (
    judge: (undisturbed: Played, disturbed: Played) => readonly string[],
    options: (turn: number) => Partial<PlayOptions>,
  ) =>
    fc.property(anyGroupRun(), fc.integer(), fc.nat(1000), (snapshot, order, at) => {
      const { nodes } = compile(snapshot);
      const undisturbed = play(nodes, { seed: order });
      if (undisturbed.turns > 0) check(judge(undisturbed, play(nodes, { seed: order, ...options(1 + (at % undisturbed.turns)) })));
    });
  const ends = (options: Partial<PlayOptions> = {}) =>
    disturbed(
      (_, { stuck, story }) => [
        ...stuck.map((ordinal) => `${ordinal} is never over`),
        ...story.slice(story.indexOf("cancel")).filter((line) => line.endsWith("started")),
      ],
      (turn) => ({ cancelAt: turn, ...options }),
    );

  it("ends when it is cancelled at any point", () => {
    fc.assert(ends(), runs);
    expectNoticed(ends({ create: halfHearted }));
  });

  it("goes on exactly as it would have when it is resumed at any point", () => {
    const goesOn = disturbed(
      (undisturbed, { story }) => story.filter((line, index) => line !== undisturbed.story[index]),
      (turn) => ({ resumeAt: turn }),
    );
    fc.assert(goesOn, runs);
  });
});
