/** Tests and their cleanups, reprotects, and accepting a recovery as it is. */
import fc from "fast-check";
import { begins, mostly, wish } from "./begin.ts";
import type { Command } from "./command.ts";

const run = "recovery { id }";

export const startTest: fc.Arbitrary<Command> = fc
  .record({
    ...wish,
    options: fc.record(
      { syncData: fc.boolean(), powerOnVms: mostly, failurePolicy: fc.constantFrom("PAUSE", "CONTINUE") },
      { requiredKeys: [] },
    ),
  })
  .map((wanted) =>
    begins({
      name: "test",
      wish: wanted,
      operation: "START_TEST",
      send: async ({ client }, _plan, planId) => ({
        sent: await client.send("startRecovery", run, { planId, recoveryType: "TEST", ...wanted.options }),
      }),
    }),
  );

export const cleanUp: fc.Arbitrary<Command> = fc.record({ ...wish, force: fc.boolean() }).map((wanted) =>
  begins({
    name: "cleanup",
    wish: wanted,
    operation: "CLEANUP_TEST",
    told: wanted.force ? "FORCE_CLEANUP_TEST" : "CLEANUP_TEST",
    send: async ({ client }, _plan, planId) => ({ sent: await client.send("cleanupTest", run, { planId, force: wanted.force }) }),
  }),
);

export const reprotect: fc.Arbitrary<Command> = fc.record({ ...wish, force: fc.boolean(), syncData: mostly }).map((wanted) =>
  begins({
    name: "reprotect",
    wish: wanted,
    operation: "START_REPROTECT",
    send: async ({ client }, _plan, planId) => ({
      sent: await client.send("startReprotect", run, { planId, force: wanted.force, syncData: wanted.syncData }),
    }),
  }),
);

export const accept: fc.Arbitrary<Command> = fc.record(wish).map((wanted) =>
  begins({
    name: "accept",
    wish: wanted,
    operation: "ACCEPT_RECOVERY",
    send: async ({ client }, _plan, planId) => ({ sent: await client.send("acceptRecovery", run, { planId, comment: "It is as it is." }) }),
  }),
);
