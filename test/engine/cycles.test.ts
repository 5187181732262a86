import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Cycle, findCycle, type OrderedVm, vmTiers } from "../../src/engine/cycles.ts";

const vm = (name: string, dependsOn: readonly string[] = [], more: Partial<OrderedVm> = {}): OrderedVm => ({
  id: name,
  name,
  priorityGroup: 1,
  priority: "NORMAL",
  dependsOn,
  ...more,
});

describe("VMs that wait for each other", () => {
  it.each([
    ["itself", [vm("a", ["a"])], "a waits for itself (depends on)"],
    ["each other", [vm("a", ["b"]), vm("b", ["a"])], "a waits for b (depends on), b waits for a (depends on)"],
    [
      "a later priority group",
      [vm("web-1", [], { priorityGroup: 2 }), vm("db-1", ["web-1"])],
      "db-1 waits for web-1 (depends on), web-1 waits for db-1 (priority group 2 comes after 1)",
    ],
    [
      "a lower tier",
      [vm("db-1", ["web-1"], { priority: "HIGH" }), vm("web-1", [], { priority: "LOW" })],
      "db-1 waits for web-1 (depends on), web-1 waits for db-1 (tier LOW comes after HIGH)",
    ],
    [
      "a ring",
      [vm("a", ["b"]), vm("b", ["c"]), vm("c", ["a"])],
      "a waits for b (depends on), b waits for c (depends on), c waits for a (depends on)",
    ],
  ])("are found, and named: %s", (_, vms, sentence) => {
    expect(findCycle(vms)?.sentence).toBe(sentence);
  });

  it("are named by the shortest cycle there is", () => {
    const long = ["a", "b", "c", "d"].map((name, index, all) => vm(name, [all[(index + 1) % 4] ?? ""]));
    const short = ["x", "y", "z"].map((name, index, all) => vm(name, [all[(index + 1) % 3] ?? "", "a"]));
    expect(findCycle([...long, ...short])?.vms.map(({ name }) => name)).toEqual(["x", "y", "z"]);
  });

  it("are not seen where a dependency is of an earlier place, or not in the plan", () => {
    const earlier = vm("db-1", [], { priority: "LOWEST" });
    expect(findCycle([earlier, vm("web-1", ["db-1"], { priorityGroup: 2, priority: "HIGHEST" }), vm("x", ["elsewhere"])])).toBeNull();
  });

  it("are found quickly in a ring of 25,000, and named in a sentence that can be read", () => {
    const ring = Array.from({ length: 25_000 }, (_, index) => vm(`m${index}`, [`m${(index + 1) % 25_000}`]));
    const cycle = findCycle(ring);
    expect(cycle?.vms).toHaveLength(25_000);
    expect(cycle?.sentence).toMatch(/^m0 waits for m1 .* and so on over 24988 more$/);
  });
});

/** The slow truth: every VM against every other, by dependency and by place. */
function shortestByBruteForce(vms: readonly OrderedVm[]): number | null {
  const place = ({ priorityGroup, priority }: OrderedVm) => priorityGroup * 10 + vmTiers.indexOf(priority);
  const waitsFor = (a: OrderedVm, b: OrderedVm) => a.dependsOn.includes(b.id) || place(b) < place(a);
  let shortest: number | null = null;
  for (const first of vms) {
    const distance = new Map<OrderedVm, number>([[first, 0]]);
    for (const [at, far] of distance) {
      for (const other of vms.filter((candidate) => waitsFor(at, candidate))) {
        if (other === first) shortest = Math.min(shortest ?? Number.POSITIVE_INFINITY, far + 1);
        else if (!distance.has(other)) distance.set(other, far + 1);
      }
    }
  }
  return shortest;
}

describe("any VMs", () => {
  const anyVms = fc
    .array(fc.record({ group: fc.nat(2), tier: fc.nat(2), dependsOn: fc.array(fc.nat(9), { maxLength: 2 }) }), { maxLength: 10 })
    .map((made) =>
      made.map(({ group, tier, dependsOn }, index) =>
        vm(
          `m${index}`,
          dependsOn.map((other) => `m${other}`),
          { priorityGroup: group, priority: vmTiers[tier + 1] ?? "LOWEST" },
        ),
      ),
    );

  const agrees = (find: (vms: readonly OrderedVm[]) => Cycle | null) =>
    fc.property(anyVms, (vms) => (find(vms)?.vms.length ?? null) === shortestByBruteForce(vms));

  it("have exactly the shortest cycle that comparing each with each finds, barriers and tiers included", () => {
    fc.assert(agrees(findCycle), { seed: 1, numRuns: 2000 });
  });

  it("and this is noticed when tiers or priority groups are left out", () => {
    const flat = (vms: readonly OrderedVm[]) => findCycle(vms.map((given) => ({ ...given, priority: "NORMAL" })));
    const alike = (vms: readonly OrderedVm[]) => findCycle(vms.map((given) => ({ ...given, priorityGroup: 1 })));
    const broken = { seed: 1, numRuns: 2000, endOnFailure: true };
    expect(fc.check(agrees(flat), broken).failed).toBe(true);
    expect(fc.check(agrees(alike), broken).failed).toBe(true);
  });
});
