/** Names and steps of a plan's priority groups. (Reference: Configure Recovery Priority Groups.) */
import { checkEditor } from "../edits.ts";
import { checkInt, checkName, type FieldErrors, fieldErrors, inRange, type Path } from "../field-errors.ts";
import { ifChanged, mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import type { ChangedPlan } from "./create.ts";
import { priorityRange } from "./placements.ts";
import {
  lockForEdit,
  type PlacedStep,
  type PriorityGroupRow,
  type Queryable,
  raiseVersion,
  readPriorityGroups,
  readSteps,
} from "./rows.ts";
import { changesIn, checkStep, mostStepsPerPhase, pauseInDrills, type Step, type StepWish, stepsOf } from "./steps.ts";

/** What is left out or null stays as it is; an empty list clears. */
export interface PriorityGroupWish {
  readonly priority: number;
  readonly name?: string | null | undefined;
  readonly prePowerOnSteps?: readonly StepWish[] | null | undefined;
  readonly postPowerOnSteps?: readonly StepWish[] | null | undefined;
}

export interface ConfigureInput {
  readonly planId: string;
  readonly priorityGroups: readonly PriorityGroupWish[];
  readonly expectedVersion?: number | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export const configure = (context: ServiceContext, viewer: Viewer, input: ConfigureInput): Promise<ChangedPlan> =>
  mutate(context, viewer, {
    mutation: "configurePriorityGroups",
    input: { ...input },
    answer: { planId: input.planId },
    act: async (client) => {
      const { id, name, lostGroups } = await lockForEdit(client, "CONFIGURE_PRIORITY_GROUPS", input);
      const groups = await readPriorityGroups(client, id);
      const steps = await readSteps(client, id);
      const errors = fieldErrors();
      const found = input.priorityGroups.map((wish, at) => wished(errors, ["priorityGroups", at], wish, groups, steps, name));
      twice(errors, input.priorityGroups);
      if (await isDrilled(client, id)) refuseEndlessPauses(errors, input.priorityGroups);
      errors.check();
      const changed = found.flatMap((group) => group ?? []);
      checkEditor(viewer, changesOf(changed));
      const before = changed.map(({ group, phases: some }) => [group.name, ...some.map((phase) => phase.before)]);
      const after = changed.map((group) => [group.name, ...group.phases.map((phase) => phase.after)]);
      // That a group was lost is no longer said after this, which is a change too.
      return ifChanged([...before, lostGroups], [...after, []], async () => {
        for (const group of changed) await write(client, group);
        await raiseVersion(client, id);
        return [{ kind: "PLAN_CHANGED", id, change: "UPDATED" }];
      });
    },
  });

const phases = [
  ["prePowerOnSteps", "PRE_POWER_ON"],
  ["postPowerOnSteps", "POST_POWER_ON"],
] as const;
type Phase = (typeof phases)[number][1];

interface ChangedPhase {
  readonly phase: Phase;
  readonly before: readonly Step[];
  readonly after: readonly Step[];
}

/** A priority group with what becomes of it. */
interface Changed {
  readonly group: PriorityGroupRow;
  readonly name: string;
  /** Those that the request names. */
  readonly phases: readonly ChangedPhase[];
}

/** Null: the plan has none of this priority, which the errors say. */
function wished(
  errors: FieldErrors,
  path: Path,
  wish: PriorityGroupWish,
  groups: readonly PriorityGroupRow[],
  steps: readonly PlacedStep[],
  planName: string,
): Changed | null {
  checkInt(errors, [...path, "priority"], wish.priority, ...priorityRange);
  const name = typeof wish.name === "string" ? checkName(errors, [...path, "name"], wish.name) : null;
  for (const [list] of phases) checkSteps(errors, [...path, list], wish[list] ?? []);
  const group = groups.find(({ priority }) => priority === wish.priority);
  if (group === undefined) {
    if (!inRange(wish.priority, ...priorityRange)) return null; // said above
    const message = `The plan ${planName} has no priority group ${wish.priority}; one comes with its protection groups (addProtectionGroupToPlan).`;
    errors.add([...path, "priority"], message);
    return null;
  }
  const own = steps.filter(({ priorityGroupId }) => priorityGroupId === group.id);
  checkIds(errors, path, wish, own);
  const claimed = new Set(phases.flatMap(([list]) => wish[list]?.flatMap((step) => step.id ?? []) ?? []));
  const plain = own.map(({ priorityGroupId: _, ...step }) => step);
  const changed = phases.flatMap(([list, phase]): ChangedPhase[] => {
    const wishes = wish[list];
    if (wishes === null || wishes === undefined) return [];
    const before = plain.filter((step) => step.phase === phase).map(({ phase: _, ...step }) => step);
    return [{ phase, before, after: stepsOf(wishes, before, claimed) }];
  });
  return { group, name: name ?? group.name, phases: changed };
}

function checkSteps(errors: FieldErrors, path: Path, steps: readonly StepWish[]): void {
  if (steps.length > mostStepsPerPhase) errors.add(path, `There may be ${mostStepsPerPhase} steps here, and these are ${steps.length}.`);
  for (const [at, step] of steps.entries()) checkStep(errors, [...path, at, step.type.toLowerCase()], step);
}

/** An id is that of a step of this priority group, once, and not of one that stays in a phase that the request leaves out. */
function checkIds(errors: FieldErrors, path: Path, wish: PriorityGroupWish, own: readonly PlacedStep[]): void {
  const known = new Map(own.map((step) => [step.id, step]));
  const seen = new Set<string>();
  for (const [list] of phases) {
    for (const [at, step] of (wish[list] ?? []).entries()) {
      if (step.id === null || step.id === undefined) continue;
      const say = (message: string) => errors.add([...path, list, at, step.type.toLowerCase(), "id"], message);
      const there = known.get(step.id);
      const [stays] = phases.filter(([, phase]) => phase === there?.phase);
      if (there === undefined) say(`The priority group ${wish.priority} has no step with this id.`);
      else if (seen.has(step.id)) say("The request has this step above.");
      else if (stays && stays[0] !== list && !wish[stays[0]]) say(`This step stays in ${stays[0]}; give both lists to move it.`);
      seen.add(step.id);
    }
  }
}

async function isDrilled(client: Queryable, planId: string): Promise<boolean> {
  return (
    (await client.query({ name: "plan-is-drilled", text: "SELECT 1 FROM drill WHERE plan_id = $1 LIMIT 1", values: [planId] })).rowCount !==
    0
  );
}

/** Nobody would end them in a drill. */
function refuseEndlessPauses(errors: FieldErrors, wishes: readonly PriorityGroupWish[]): void {
  for (const [at, wish] of wishes.entries())
    for (const [list] of phases)
      for (const [place, step] of (wish[list] ?? []).entries())
        if (step.type === "PAUSE" && (step.durationSeconds ?? null) === null)
          errors.add(["priorityGroups", at, list, place, "pause", "durationSeconds"], pauseInDrills);
}

function twice(errors: FieldErrors, wishes: readonly PriorityGroupWish[]): void {
  const seen = new Set<number>();
  for (const [at, { priority }] of wishes.entries()) {
    if (seen.has(priority)) errors.add(["priorityGroups", at, "priority"], "The request has this priority above; a priority has one name.");
    seen.add(priority);
  }
}

function changesOf(changed: readonly Changed[]): { readonly commands: boolean; readonly others: boolean } {
  const changes = changed.flatMap((group) => group.phases.map(({ before, after }) => changesIn(before, after)));
  const renamed = changed.some(({ name, group }) => name !== group.name);
  return { commands: changes.some(({ commands }) => commands), others: renamed || changes.some(({ others }) => others) };
}

async function write(client: Queryable, { group, name, phases: changed }: Changed): Promise<void> {
  const run = (queryName: string, text: string, values: unknown[]) => client.query({ name: queryName, text, values });
  await run("plan-priority-group-name", "UPDATE plan_priority_group SET name = $2 WHERE id = $1", [group.id, name]);
  const phaseNames = changed.map(({ phase }) => phase);
  const rows = changed.flatMap(({ phase, after }) => after.map((step, at) => ({ ...step, phase, position: at + 1 })));
  await run("plan-steps-delete", `DELETE FROM plan_step WHERE priority_group_id = $1 AND phase::text = ANY ($2::text[])`, [
    group.id,
    phaseNames,
  ]);
  await run(
    "plan-steps-insert",
    `INSERT INTO plan_step (priority_group_id, id, phase, position, type, name, command, arguments, timeout_seconds, run_on_site,
        continue_on_failure, run_in_test, rerunnable, message, default_answer, needs_two_people, duration_seconds)
      SELECT $1, x.id, x.phase::"StepPhase", x.position, x.type::"PlanStepType", x.name, x.command, x.arguments, x."timeoutSeconds",
        x."runOnSite"::"SiteRole", x."continueOnFailure", x."runInTest", x.rerunnable, x.message, x."defaultAnswer"::"PromptAnswer",
        x."needsTwoPeople", x."durationSeconds"
      FROM jsonb_to_recordset($2::jsonb) AS x(id uuid, phase text, position int, type text, name text, command text, arguments text[],
        "timeoutSeconds" int, "runOnSite" text, "continueOnFailure" boolean, "runInTest" boolean, rerunnable boolean, message text,
        "defaultAnswer" text, "needsTwoPeople" boolean, "durationSeconds" int)`,
    [group.id, JSON.stringify(rows)],
  );
}
