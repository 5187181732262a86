/**
 * What has to follow from what: a plan's lifecycle as a small table, written down apart from the product's own. It says which operations a
 * plan in each lifecycle allows, and where the end of each kind of run may lead; not how.
 */
import { type Look, openRunOf, type PlanLook, type RunLook } from "./look.ts";

export type Start =
  | "START_TEST"
  | "START_PLANNED_RECOVERY"
  | "START_DISASTER_RECOVERY"
  | "CLEANUP_TEST"
  | "START_REPROTECT"
  | "ACCEPT_RECOVERY";

const allowedIn: Readonly<Record<string, readonly Start[]>> = {
  READY: ["START_TEST", "START_PLANNED_RECOVERY", "START_DISASTER_RECOVERY", "CLEANUP_TEST"],
  TEST_IN_PROGRESS: ["START_DISASTER_RECOVERY"],
  TEST_COMPLETE: ["CLEANUP_TEST", "START_DISASTER_RECOVERY"],
  CLEANUP_IN_PROGRESS: ["START_DISASTER_RECOVERY"],
  CLEANUP_INCOMPLETE: ["CLEANUP_TEST", "START_DISASTER_RECOVERY"],
  RECOVERY_IN_PROGRESS: [],
  RECOVERY_INCOMPLETE: ["START_PLANNED_RECOVERY", "START_DISASTER_RECOVERY", "ACCEPT_RECOVERY", "CLEANUP_TEST"],
  RECOVERY_COMPLETE: ["START_REPROTECT", "START_DISASTER_RECOVERY", "CLEANUP_TEST"],
  REPROTECT_IN_PROGRESS: ["START_DISASTER_RECOVERY"],
  REPROTECT_INCOMPLETE: ["START_REPROTECT", "START_DISASTER_RECOVERY", "CLEANUP_TEST"],
};

/** Operations that lead on by themselves, whatever the sites say: a plan that is not READY allows one of them. */
export const waysOn: readonly string[] = [
  "CLEANUP_TEST",
  "START_PLANNED_RECOVERY",
  "START_DISASTER_RECOVERY",
  "ACCEPT_RECOVERY",
  "START_REPROTECT",
];

/** Where a run of a kind leads when it is over. */
export function lifecyclesAfter({ kind, resultState, force }: Pick<RunLook, "kind" | "resultState" | "force">): readonly string[] {
  const good = resultState === "SUCCESS" || resultState === "WARNING";
  switch (kind) {
    case "TEST":
      return ["TEST_COMPLETE"];
    case "CLEANUP":
      return [good ? "READY" : "CLEANUP_INCOMPLETE"];
    case "PLANNED":
      return good ? ["RECOVERY_COMPLETE"] : ["RECOVERY_INCOMPLETE", "READY"];
    case "DISASTER":
      return [good ? "RECOVERY_COMPLETE" : "RECOVERY_INCOMPLETE"];
    default:
      return good || force ? ["READY"] : ["REPROTECT_INCOMPLETE"];
  }
}

/** What of the world is not as it should be, as the sequence has made it. */
export interface Trouble {
  /** Ends all of it that is still there. */
  readonly heals: Map<string, () => Promise<void>>;
}

export interface Model {
  look: Look;
  readonly trouble: Trouble;
  /** Requests of real recoveries by their runs: what counts for what they lose. */
  readonly requests: Map<string, LossRequest>;
  /** Replicated sets that have had a recovery point. */
  readonly replicas: Set<string>;
  /** What has been played, in words. */
  readonly played: string[];
}

/** Of a run, or of the first of its kind that it goes on with. */
export interface LossRequest {
  readonly kind: string;
  readonly asked: Date;
  /** After this nothing more was written that could be saved, as far as anybody could know. */
  readonly lastKnown: Date;
}

export const aModel = (look: Look): Model => ({
  look,
  trouble: { heals: new Map() },
  requests: new Map(),
  replicas: new Set(),
  played: [],
});

export function planAt({ look }: Model, index: number): PlanLook {
  const plan = look.plans[index];
  if (plan === undefined) throw new Error(`There is no plan ${index}`);
  return plan;
}

/** Nothing goes wrong but what people do. */
export const isCalm = ({ look, trouble }: Pick<Model, "look" | "trouble">): boolean =>
  trouble.heals.size === 0 && [...look.siteStates.values()].every((state) => state === "CONNECTED");

/** NO: never in this lifecycle. YES: nothing stands in the way. MAYBE: the sites, the groups or the other plan decide. */
export function prediction(model: Model, plan: PlanLook, wanted: Start): "YES" | "NO" | "MAYBE" {
  const { look } = model;
  const run = openRunOf(look, plan.id);
  const overtakes = wanted === "START_DISASTER_RECOVERY" && run !== null && ["TEST", "CLEANUP", "REPROTECT"].includes(run.kind);
  if (run !== null && !overtakes) return "NO";
  if (!(allowedIn[plan.lifecycle] ?? []).includes(wanted)) return "NO";
  const groups = look.groups.filter(({ id }) => plan.groupIds.includes(id));
  const calm =
    isCalm(model) &&
    look.runs.every(({ ended }) => ended) &&
    groups.every((group) => group.state === "READY" && group.usedBy === null && group.recoverySiteId === groups[0]?.recoverySiteId);
  return calm && plan.lifecycle === "READY" && wanted !== "CLEANUP_TEST" ? "YES" : "MAYBE";
}
