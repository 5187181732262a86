/** When a run's writes say that its task and its plan have changed: at once when its state has, else at most once a second. */
import type { Change } from "../events/changes.ts";
import type { Batch } from "./batch.ts";
import type { LiveRun } from "./live-run.ts";
import type { RunRecord } from "./records.ts";

export interface Announcements {
  /** What the next write says. It may be all that the write is for: a step's end that came too soon to be told with its own write. */
  next(run: State, batch: Batch): readonly Change[];
}

type State = Pick<LiveRun, "state" | "pausedReason">;
type Subjects = Pick<RunRecord, "planId" | "planName" | "task" | "plans">;

const leastMs = 1_000;

const taskOf = ({ task, plans }: Subjects): Change[] =>
  task === null ? [] : [{ kind: "TASK_CHANGED", id: task.id, change: "UPDATED", name: task.name, plans }];

/** A new state is its task's and its plan's. */
export function changesOf(record: Subjects): Change[] {
  const { planId, planName } = record;
  const task = taskOf(record);
  return planId === null ? task : [...task, { kind: "PLAN_CHANGED", id: planId, change: "UPDATED", name: planName, plans: [planId] }];
}

/** `run` as it was told last. Whoever takes a run over can't know what of its steps has been told, and tells it again. */
export function createAnnouncements(record: Subjects, run: State, monotonic = () => performance.now()): Announcements {
  let told = `${run.state} ${run.pausedReason}`;
  let toldAt = monotonic();
  let due = true;
  return {
    next({ state, pausedReason }, batch) {
      const now = `${state} ${pausedReason}`;
      const isNew = now !== told;
      due ||= batch.steps.size > 0 || batch.events.some(({ kind }) => kind === "PROGRESS");
      if (!isNew && (!due || monotonic() - toldAt < leastMs)) return [];
      told = now;
      toldAt = monotonic();
      due = false;
      return isNew ? changesOf(record) : taskOf(record);
    },
  };
}
