import fc from "fast-check";
import { expect, it } from "vitest";
import { Ordinals } from "../../src/engine/schedule/ordinals.ts";

const anyUse = fc.array(fc.tuple(fc.constantFrom("add", "delete"), fc.integer({ min: 0, max: 200 })), { maxLength: 300 });

it("ordinals are a sorted set, whatever is added and taken", () => {
  fc.assert(
    fc.property(anyUse, fc.nat(250), (use, most) => {
      const ordinals = new Ordinals(200);
      const known = new Set<number>();
      for (const [what, value] of use) {
        if (what === "add") {
          ordinals.add(value);
          known.add(value);
        } else expect(ordinals.delete(value)).toBe(known.delete(value));
        expect(ordinals.first()).toBe(known.size === 0 ? null : Math.min(...known));
      }
      const sorted = [...known].sort((a, b) => a - b);
      expect([ordinals.size, ordinals.toArray(), ordinals.toArray(most)]).toEqual([known.size, sorted, sorted.slice(0, most)]);
      expect(sorted.every((value) => ordinals.has(value))).toBe(true);
    }),
    { seed: 7, numRuns: 200 },
  );
});
