/** A plan's own fields: its name, its words, and what holds for VMs that say nothing themselves. */
import type { VmPriority } from "../../database/generated/enums.ts";
import { kept } from "../edits.ts";
import { checkInt, checkName, checkText, type FieldErrors } from "../field-errors.ts";
import type { PlanRow } from "./rows.ts";

/** Null: the product's default. */
export interface DefaultsWish {
  readonly defaultVmPriority?: VmPriority | null | undefined;
  readonly defaultStartupDelaySeconds?: number | null | undefined;
  readonly defaultShutdownDelaySeconds?: number | null | undefined;
}

/** What is left out stays as it is; null is the product's default. */
export interface PlanWish {
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly recoverySettings?: DefaultsWish | null | undefined;
  readonly rtoTargetSeconds?: number | null | undefined;
}

export type PlanFields = Pick<
  PlanRow,
  "name" | "description" | "defaultVmPriority" | "defaultStartupDelaySeconds" | "defaultShutdownDelaySeconds" | "rtoTargetSeconds"
>;

const product = { defaultVmPriority: "NORMAL", defaultStartupDelaySeconds: 0, defaultShutdownDelaySeconds: 300 } as const;
export const newPlan: PlanFields = { name: "", description: "", ...product, rtoTargetSeconds: null };

const longestDelaySeconds = 604_800;
const yearSeconds = 31_536_000;

export function checkPlanWish(errors: FieldErrors, { name, description, recoverySettings, rtoTargetSeconds }: PlanWish): void {
  if (name === null) errors.add(["name"], "A plan has a name; leave the field out to keep it.");
  else if (name !== undefined) checkName(errors, ["name"], name);
  checkText(errors, ["description"], description, 4_096);
  for (const field of ["defaultStartupDelaySeconds", "defaultShutdownDelaySeconds"] as const)
    checkInt(errors, ["recoverySettings", field], recoverySettings?.[field], 0, longestDelaySeconds);
  checkInt(errors, ["rtoTargetSeconds"], rtoTargetSeconds, 1, yearSeconds);
}

export function withWish(there: PlanFields, wish: PlanWish): PlanFields {
  const settings = wish.recoverySettings === null ? product : (wish.recoverySettings ?? {});
  const { defaultVmPriority, defaultStartupDelaySeconds, defaultShutdownDelaySeconds } = there;
  return {
    name: wish.name?.trim() ?? there.name,
    description: kept(wish.description, there.description, ""),
    defaultVmPriority: kept(settings.defaultVmPriority, defaultVmPriority, product.defaultVmPriority),
    defaultStartupDelaySeconds: kept(settings.defaultStartupDelaySeconds, defaultStartupDelaySeconds, product.defaultStartupDelaySeconds),
    defaultShutdownDelaySeconds: kept(
      settings.defaultShutdownDelaySeconds,
      defaultShutdownDelaySeconds,
      product.defaultShutdownDelaySeconds,
    ),
    rtoTargetSeconds: kept(wish.rtoTargetSeconds, there.rtoTargetSeconds, null),
  };
}
