/** What may be done with a drill: decided here for `allowedOperations` and for the mutations alike. Pure. */
import { ConflictError } from "../errors.ts";
import type { Refusals } from "../operations.ts";
import type { PlanFacts } from "../recoveries/service/facts.ts";
import { testRefusal } from "../recoveries/service/refusals.ts";
import type { DrillRow } from "./rows.ts";
import { type Standing, toleranceRefusal } from "./tolerated.ts";

type DrillOperation = "UPDATE_DRILL" | "DELETE_DRILL" | "RUN_DRILL_NOW";

export interface DrillFacts {
  readonly plan: PlanFacts;
  readonly standing: Standing;
  /** Its test that is under way, or waits for its cleanup; null: none. */
  readonly openRunId: string | null;
}

export function drillRefusals(drill: DrillRow, { plan, standing, openRunId }: DrillFacts): Refusals<DrillOperation> {
  return {
    UPDATE_DRILL: null,
    DELETE_DRILL: deletionRefusal(drill, openRunId),
    RUN_DRILL_NOW: testRefusal(plan) ?? toleranceRefusal(drill, standing),
  };
}

/** Its history goes with it, and somebody has to follow its test up. */
export function deletionRefusal({ name, planId }: Pick<DrillRow, "name" | "planId">, openRunId: string | null): ConflictError | null {
  if (openRunId === null) return null;
  const message = `The drill ${name} is under way: its test, or the cleanup after it.`;
  return new ConflictError(message, "Wait until it has ended, or cancel the test. Disable the drill to keep it from starting again.", {
    planId,
    activeRecoveryId: openRunId,
  });
}
