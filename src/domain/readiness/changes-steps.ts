/** Steps of a plan's priority groups that were added, removed, changed or moved. Pure. */
import type { SnapshotPlanStep } from "../../engine/run-snapshot.ts";
import { added, type Compared, changed, changedIf, compare, type PlanChange, removed } from "./change.ts";
import type { FindingObject } from "./found.ts";

interface PlacedStep {
  readonly id: string;
  readonly step: SnapshotPlanStep;
  /** "before 2": before the VMs of priority 2. */
  readonly phase: string;
}

export function stepChanges(plan: FindingObject, before: Compared, after: Compared): PlanChange[] {
  const [then, now] = [stepsOf(before), stepsOf(after)];
  const moved = movedOf(then, now);
  // A step is shown with its plan: whether it is a command, a prompt or a pause may itself have changed.
  const object = ({ step: { name } }: PlacedStep): FindingObject => ({ ...plan, name });
  return compare(then, now, {
    added: (step) => [added("STEP", object(step))],
    removed: (step) => [removed("STEP", object(step))],
    both: (was, is) => [
      ...fieldsOf(was.step, is.step).flatMap((field) =>
        changedIf("STEP", object(is), field, Reflect.get(was.step, field), Reflect.get(is.step, field)),
      ),
      ...(moved.has(is.id) ? [changed("ORDER", object(is), "place", placeIn(then, was), placeIn(now, is))] : []),
    ],
  });
}

const stepsOf = ({ priorityGroups }: Compared): PlacedStep[] =>
  priorityGroups.flatMap(({ priority, preSteps, postSteps }) => [
    ...preSteps.map((step) => ({ id: step.id, step, phase: `before ${priority}` })),
    ...postSteps.map((step) => ({ id: step.id, step, phase: `after ${priority}` })),
  ]);

const fieldsOf = (before: object, after: object): string[] => [...new Set([...Object.keys(before), ...Object.keys(after)])];

const placeIn = (steps: readonly PlacedStep[], { id, phase }: PlacedStep): string =>
  `${steps.filter((step) => step.phase === phase).findIndex((step) => step.id === id) + 1}. ${phase}`;

/** Ids of those that come at another time, seen from the others that were there before; new and removed ones move nobody. */
function movedOf(before: readonly PlacedStep[], after: readonly PlacedStep[]): ReadonlySet<string> {
  const phases = new Map(before.map(({ id, phase }) => [id, phase]));
  const stayed = after.filter(({ id, phase }) => phases.get(id) === phase);
  const otherPhase = after.filter(({ id, phase }) => phases.has(id) && phases.get(id) !== phase);
  const ids = new Set(stayed.map(({ id }) => id));
  const then = before.filter(({ id }) => ids.has(id)).map(({ id }) => id);
  const otherPlace = stayed.filter(({ id }, at) => then[at] !== id);
  return new Set([...otherPhase, ...otherPlace].map(({ id }) => id));
}
