/** Rules about what a plan's tests have shown. The first tests are of a quarter ago. */
import { expect } from "vitest";
import { at } from "../read/support.ts";
import { type Case, plan, settings, steps } from "./cases.ts";
import type { ReadinessStage } from "./stage.ts";

const aQuarterAgo = -91 * 86_400;

/** Nobody cleans up after it. */
const testOnly = (stage: ReadinessStage) => stage.run("startRecovery", { ...plan(stage), recoveryType: "TEST" });

/** What the plan says of what its tests have shown. */
const history = async (stage: ReadinessStage): Promise<unknown> => {
  const query = `query ($id: ID!) { recoveryPlan(id: $id) { readiness readinessScore changesSinceLastTest { kind change objectType objectName field before after }
    untestedSteps { kind name reason vm { name } } lastSuccessfulTest { resultState } forecastRtoSeconds } }`;
  return at(await stage.ask(query, { id: stage.id("RecoveryPlan", "shop") }), "recoveryPlan");
};

export const testCases: readonly Case[] = [
  {
    opens: [{ code: "NEVER_TESTED", severity: "WARNING", remedy: /Test the plan/ }],
    make: (stage) => stage.db.shiftClock(aQuarterAgo),
    // One that fails has come to an end, too.
    async follow(stage) {
      await stage.lab.faults.fail({ kind: "powerOn", target: "vm-1", failure: "PERMANENT", times: Infinity });
      expect(await testOnly(stage)).toMatchObject({ resultState: "PARTIAL" });
    },
  },
  {
    opens: [{ code: "NEEDS_CLEANUP", severity: "WARNING", remedy: /cleanupTest/ }],
    make: async () => {}, // the test before has left it so
    async follow(stage) {
      await stage.lab.faults.fail({ kind: "discardSnapshot", failure: "PERMANENT", times: Infinity });
      await stage.cleanup("shop", { force: true });
      await stage.lab.faults.clear();
    },
  },
  {
    opens: [
      { code: "TEST_FAILED", severity: "WARNING", remedy: /test the plan again/ },
      { code: "LEFTOVERS", severity: "WARNING", remedy: /Run the cleanup again/ },
    ],
    make: async () => {}, // the test and its cleanup before have left it so
    async follow(stage) {
      await stage.cleanup();
      expect(await stage.test()).toBe("SUCCESS");
    },
  },
  {
    opens: [
      { code: "TEST_TOO_OLD", severity: "WARNING", remedy: /Test the plan again/ },
      { code: "CHANGED_SINCE_TEST", severity: "WARNING", remedy: /Test the plan again/ },
      { code: "UNTESTED_STEPS", severity: "WARNING", remedy: /give such a command runInTest.*with all steps of its phase/ },
    ],
    async make(stage) {
      // Until then nothing is wrong.
      expect(await stage.findings({ open: true })).toEqual([]);
      expect(await history(stage)).toMatchObject({ readiness: "READY", readinessScore: 100, changesSinceLastTest: [], untestedSteps: [] });
      await stage.db.shiftClock(0);
      await settings(stage, "vm-1", { startupDelaySeconds: 1 });
      await steps(stage, { name: "tell", command: "/scripts/note.sh", runOnSite: "PROTECTED" });
    },
    async follow(stage) {
      expect(await history(stage)).toMatchObject({
        changesSinceLastTest: [
          { kind: "STEP", change: "ADDED", objectType: "RecoveryPlan", objectName: "tell", field: null },
          { kind: "VM_SETTING", change: "CHANGED", objectName: "vm-1", field: "startupDelaySeconds", before: "0", after: "1" },
        ],
        untestedSteps: [{ kind: "COMMAND", name: "tell", reason: "LEFT_OUT_OF_TESTS", vm: null }],
        lastSuccessfulTest: { resultState: "SUCCESS" },
        forecastRtoSeconds: expect.any(Number),
      });
      await steps(stage, { name: "tell", command: "/scripts/note.sh", runOnSite: "PROTECTED", runInTest: true });
      await stage.test();
    },
  },
];
