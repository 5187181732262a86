/** What other rooms refer to. */
import type { PlanPriorityGroup, RecoveryPlan } from "../../database/generated/client.ts";
import { builder } from "../builder.ts";

export type PlanRow = RecoveryPlan;

export const RecoveryPlanRef = builder.objectRef<Readonly<PlanRow>>("RecoveryPlan");
export const PriorityGroupRef = builder.objectRef<Readonly<PlanPriorityGroup>>("PriorityGroup");
