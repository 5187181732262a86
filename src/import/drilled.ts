/** A plan that has drills takes no pause without a duration: nobody would end it in one. */
import { pauseInDrills } from "../domain/plans/steps.ts";
import type { Current } from "./current.ts";
import type { Tx } from "./current-rows.ts";
import type { ImportFile } from "./file.ts";
import { keyOf } from "./items.ts";
import type { Problem } from "./problem.ts";

/** With the plans held, nobody makes a drill of one meanwhile. */
export async function endlessInDrills(tx: Tx, { ids }: Current, file: ImportFile): Promise<Problem[]> {
  const found = file.recoveryPlans.flatMap((plan, at) => {
    const problems = endlessPauses(plan).map((path): Problem => ({ path: ["recoveryPlans", at, ...path], message: pauseInDrills }));
    const id = ids.plans.get(keyOf(plan.name));
    return id === undefined || problems.length === 0 ? [] : [{ id, problems }];
  });
  if (found.length === 0) return [];
  const planIds = found.map(({ id }) => id);
  const drilled = await tx.$queryRaw<{ id: string }[]>`SELECT DISTINCT plan_id AS id FROM drill WHERE plan_id = ANY (${planIds}::uuid[])`;
  return found.filter(({ id }) => drilled.some((plan) => plan.id === id)).flatMap(({ problems }) => problems);
}

const endlessPauses = ({ priorityGroups }: ImportFile["recoveryPlans"][number]): Problem["path"][] =>
  priorityGroups.flatMap((group, at) =>
    (["preSteps", "postSteps"] as const).flatMap((list) =>
      group[list].flatMap((step, place) =>
        step.type === "PAUSE" && step.durationSeconds === null ? [["priorityGroups", at, list, place, "durationSeconds"]] : [],
      ),
    ),
  );
