import fc from "fast-check";
import { expect, it } from "vitest";
import { compile } from "../../src/engine/compile.ts";
import { newStep } from "../../src/engine/live-run.ts";
import type { StepStatus } from "../../src/engine/model.ts";
import { countVms, errorsOf } from "../../src/engine/outcome.ts";
import { createSchedule } from "../../src/engine/schedule.ts";
import { Tally } from "../../src/engine/tally.ts";
import { anyRising } from "./support/any-plan.ts";

const statuses: readonly StepStatus[] = ["PENDING", "RUNNING", "SUCCEEDED", "WARNING", "FAILED", "SKIPPED", "CANCELLED", "ALREADY_DONE"];
const anyStatus = fc.constantFrom(...statuses);

it("counts that are kept from write to write are those of the whole run, however its steps change and change back", () => {
  fc.assert(
    fc.property(anyRising(), fc.array(fc.array(fc.tuple(fc.nat(), anyStatus), { maxLength: 20 }), { maxLength: 8 }), (snapshot, writes) => {
      const steps = compile(snapshot).nodes.map((node) => newStep(node));
      const tally = new Tally(steps);
      for (const write of writes) {
        const changed = write.flatMap(([at, status]) => {
          const step = steps[at % steps.length];
          return step === undefined ? [] : [Object.assign(step, { status, message: `${status} at ${at}` })];
        });
        tally.note(changed);
        expect({ ...tally.counts(), errors: tally.errors() }).toEqual({ ...countVms(steps), errors: errorsOf(steps) });
      }
    }),
    { seed: 11, numRuns: 60 },
  );
});

it("what may start is told for each site as far as its slots go, in order", () => {
  fc.assert(
    fc.property(anyRising(), fc.nat(4), fc.integer({ min: 1, max: 12 }), (snapshot, free, most) => {
      const { nodes } = compile(snapshot);
      const { schedule } = createSchedule(nodes);
      const all = schedule.ready();
      const site = snapshot.recoverySite.id;
      const told = schedule.readyFor(most, (siteId) => (siteId === site ? free : Number.POSITIVE_INFINITY));
      const slotted = all.filter((ordinal) => schedule.readyFor(all.length, (id) => (id === site ? all.length : 0)).includes(ordinal));
      const allowed = all.filter((ordinal) => !slotted.includes(ordinal) || slotted.indexOf(ordinal) < free);
      expect(told).toEqual(allowed.slice(0, most));
      expect(schedule.hasReady()).toBe(all.length > 0);
    }),
    { seed: 13, numRuns: 60 },
  );
});
