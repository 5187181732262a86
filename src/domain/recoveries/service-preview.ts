/** What a start would do now: the tree, how long it takes, the points, and what stands in the way. Writes nothing. */
import type pg from "pg";
import { inSnapshot } from "../../database/transaction.ts";
import { nextTurn, type TurnOptions } from "../../engine/pieces.ts";
import { type DomainError, NotFoundError, ServiceUnavailableError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import type { ServiceContext } from "../service-context.ts";
import { requireRole, type Viewer } from "../viewer.ts";
import type { PointFacts } from "./preview/facts.ts";
import type { Finding } from "./preview/findings.ts";
import { openPreviewFacts } from "./preview/read.ts";
import type { PreviewTree } from "./preview/tree.ts";
import { type Drafting, type PlanNow, type Reading, readView, type View } from "./preview/view.ts";
import { checkDataWanted } from "./recovery-point.ts";
import { roleFor } from "./service/control-refusals.ts";
import { readPlanFacts } from "./service/facts.ts";
import { readPlans } from "./service/open-runs.ts";
import { readRows } from "./snapshot/read.ts";
import type { ResolvedPlan } from "./snapshot/resolve.ts";
import { type Before, beforeRuns } from "./start/before.ts";
import { prepareRecovery, recoveryDraft } from "./start/recovery.ts";
import type { PlanSites } from "./start/sites.ts";
import { prepareTest, testDraft } from "./start/test.ts";
import type { StartInput } from "./start.ts";

export type PreviewInput = Omit<StartInput, "notes" | "idempotencyKey"> & {
  readonly shutdownSourceVms?: boolean | null | undefined;
  /** The tree is made, and its steps are not kept: of a large plan they are most of a preview. */
  readonly withoutSteps?: boolean;
};
export type PreviewContext = Pick<ServiceContext, "providers" | "scriptsDir" | "secretsDir" | "slotsPerSite"> & {
  readonly database: Pick<ServiceContext["database"], "pool">;
};

export interface Preview {
  readonly planId: string;
  /** Where it would go; null: nothing could be asked. */
  readonly sites: PlanSites | null;
  /** The plan as the run would find it, whatever stands in its way; null: as for the sites. */
  readonly resolved: ResolvedPlan | null;
  readonly recoveryType: StartInput["recoveryType"];
  /** What a start would be refused with, the first first; empty: it would be taken. */
  readonly refusals: readonly DomainError[];
  readonly blockers: readonly Finding[];
  readonly warnings: readonly Finding[];
  readonly points: readonly PointFacts[];
  /** Null: there is none while something has to be put right first. */
  readonly tree: PreviewTree | null;
  /** From the first request to the last VM's being ready. */
  readonly rtoSeconds: number | null;
  readonly rpoSeconds: number | null;
}

export interface Previews {
  /** Rejects with a DomainError for input that can't be taken, a plan that there is not, and without the role. */
  preview(viewer: Viewer, input: PreviewInput): Promise<Preview>;
  /**
   * The same for the gateway itself, which nobody has asked: of each plan several kinds of runs, in their order and all at one moment. An error
   * in place of what can't be looked at.
   */
  lookAhead(planIds: readonly string[], inputs: readonly Omit<PreviewInput, "planId">[]): Promise<(readonly Preview[] | Error)[]>;
}

export const createPreviews = (context: PreviewContext): Previews => ({
  async preview(viewer, input) {
    checkDataWanted(input);
    requireRole(viewer, roleFor(input.recoveryType));
    return only(only(await look(context, viewer, [input.planId], [input], { forAnswer: true })));
  },
  lookAhead: (planIds, inputs) => look(context, { name: "the gateway" }, planIds, inputs, {}),
});

function only<T>(found: readonly T[] | Error): T {
  if (found instanceof Error) throw found;
  const [one] = found;
  if (one === undefined) throw new RangeError("one look gives one preview");
  return one;
}

async function look(
  context: PreviewContext,
  viewer: Pick<Viewer, "name">,
  planIds: readonly string[],
  inputs: readonly Omit<PreviewInput, "planId">[],
  how: TurnOptions,
): Promise<(Preview[] | Error)[]> {
  const before = beforeRuns(context);
  // Side by side: a site that does not answer is waited for once.
  const asked = await Promise.all(
    planIds.map((planId) =>
      settled(
        inputs.map(async (one) => {
          const input: PreviewInput = { ...one, planId };
          return { input, work: await drafting(before, viewer, input) };
        }),
      ),
    ),
  );
  const read = await inSnapshot(context.database.pool, (client) => viewsOf(context, client, planIds, asked));
  const previews: (Preview[] | Error)[] = [];
  for (const views of read) {
    previews.push(views instanceof Error ? views : await shownOneByOne(views, how));
  }
  return previews;
}

/** All of them, or the first error, once none is under way any more. */
async function settled<T>(all: readonly Promise<T>[]): Promise<T[] | Error> {
  const found = await Promise.allSettled(all);
  const failed = found.find((one) => one.status === "rejected");
  if (failed !== undefined) return failed.reason instanceof Error ? failed.reason : new Error(String(failed.reason));
  return found.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

async function shownOneByOne(views: readonly View[], how: TurnOptions): Promise<Preview[] | Error> {
  const previews: Preview[] = [];
  for (const view of views) {
    try {
      previews.push(await view(how));
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    await nextTurn(how); // others have waited for it
  }
  return previews;
}

interface Asked {
  readonly input: PreviewInput;
  readonly work: Drafting | DomainError;
}

/** Of each plan its views, read side by side in one transaction. */
async function viewsOf(
  context: PreviewContext,
  client: pg.ClientBase,
  planIds: readonly string[],
  asked: readonly (readonly Asked[] | Error)[],
): Promise<(View[] | Error)[]> {
  const facts = new Map((await readPlanFacts(client, planIds)).map((one) => [one.id, one]));
  const plans = await readPlans(client, planIds);
  const rowsOf = await readRows(client, planIds);
  const now = new Map(plans.map((plan) => [plan.id, { facts: facts.get(plan.id), plan, rows: rowsOf(plan) }]));
  const reading: Reading = { context, client, facts: openPreviewFacts(client) };
  const ofPlan = async (planId: string, at: number): Promise<View[] | Error> => {
    const of = asked[at] ?? [];
    const plan = now.get(planId);
    if (of instanceof Error) return of;
    if (plan?.facts === undefined || plan.rows === undefined) return new NotFoundError("RecoveryPlan", encodeId("RecoveryPlan", planId));
    const known: PlanNow = { facts: plan.facts, plan: plan.plan, rows: plan.rows };
    return settled(of.map(({ input, work }) => readView(reading, known, input, work)));
  };
  return Promise.all(planIds.map(ofPlan));
}

/** Asks the sites, outside of the transaction. An error: the recovery site does not answer, and nothing can be said without it. */
async function drafting(before: Before, viewer: Pick<Viewer, "name">, input: PreviewInput): Promise<Drafting | DomainError> {
  const { recoveryType, planId } = input;
  try {
    if (recoveryType === "TEST") {
      const prepared = await prepareTest(before, planId);
      return { prepared, draft: (client, plan, rows) => testDraft(client, plan, input, prepared, rows) };
    }
    const wish = { ...input, recoveryType };
    const prepared = await prepareRecovery(before, wish);
    return { prepared, draft: (client, plan, rows) => recoveryDraft(client, plan, viewer, wish, prepared, rows) };
  } catch (error) {
    if (error instanceof ServiceUnavailableError) return error;
    throw error;
  }
}
