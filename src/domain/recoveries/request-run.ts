/** How every run of a plan is requested: sites are asked first, then one short transaction checks, snapshots and writes the run. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { together } from "../../database/together.ts";
import { brokenConstraint, inTransactionUpTo, onOneConnection } from "../../database/transaction.ts";
import { sayEnded } from "../../engine/say-ended.ts";
import { ConflictError, type DomainError } from "../errors.ts";
import { answerOrPrepare, claim, type KeyedRequest } from "../idempotency.ts";
import { lockPairAndGroups } from "../locks.ts";
import type { Viewer } from "../viewer.ts";
import type { Alongside, RecoveriesContext, StartedRun } from "./service/context.ts";
import { type PlanFacts, planFacts } from "./service/facts.ts";
import { type LockedPlan, lockPlan } from "./service/open-runs.ts";
import { insertRecovery, type NewRun, otherPlans } from "./service/run.ts";
import { readRows } from "./snapshot/read.ts";
import type { PlanRows } from "./snapshot/rows.ts";
import type { Stopped } from "./stop-for-disaster.ts";

/** What was asked for, without its key. */
export interface Asked {
  readonly mutation: string;
  readonly planId: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string | null | undefined;
  readonly alongside?: Alongside["write"] | undefined;
}

export interface RunRequest<P> {
  /** What stands in the way, by what is known of the plan: asked before the sites are, and while the rows are held. */
  refusal(plan: PlanFacts): DomainError | null;
  /** What only the sites know, and what takes long to read. */
  prepare(): Promise<P>;
  /**
   * Holds what has to stay as it is until the run is written; answers what it has stopped for that. Left out: the plan's pair and groups are held
   * and its rows are read together with its own row, without a wait in between.
   */
  lock?(client: pg.ClientBase, plan: LockedPlan, prepared: P): Promise<Stopped | undefined>;
  /** `rows`: the plan's, where `lock` is left out. */
  make(client: pg.ClientBase, plan: LockedPlan, prepared: P, rows: PlanRows | undefined): Promise<Made>;
}

type Made = Omit<NewRun, "recoveryId" | "taskId" | "plan" | "viewer" | "otherPlans">;

/** The plan, and what is known of it while it is held. */
interface Held {
  readonly plan: LockedPlan;
  readonly facts: PlanFacts;
  readonly others: NewRun["otherPlans"];
  readonly stopped?: Stopped | undefined;
  readonly rows?: PlanRows;
}

type Written = { readonly earlier: StartedRun } | { readonly stopped: Stopped["run"] | undefined };

export async function requestRun<P>(context: RecoveriesContext, viewer: Viewer, asked: Asked, request: RunRequest<P>): Promise<StartedRun> {
  const { mutation, planId, input, idempotencyKey } = asked;
  const { pool } = context.database;
  const keyed: KeyedRequest = { viewer, mutation, key: idempotencyKey ?? null, input };
  const check = (facts: PlanFacts) => {
    const refusal = request.refusal(facts);
    if (refusal !== null) throw refusal;
  };
  const look = async (client: pg.ClientBase) => check(await planFacts(client, planId));
  const before = await answerOrPrepare<StartedRun, P>(pool, keyed, async () => {
    // Nothing is held here, and what is read may be of two moments: a refusal is told as the next look finds it.
    await onOneConnection(pool, (client) =>
      look(client).catch(async (error: unknown) => {
        await look(client);
        throw error;
      }),
    );
    return request.prepare();
  });
  if ("answer" in before) return before.answer;
  const { prepared } = before;
  const run: StartedRun = { recoveryId: newId(), taskId: newId() };
  const hold = (client: pg.ClientBase) =>
    request.lock === undefined ? holdAtOnce(client, planId) : holdInTurn(client, planId, request, prepared);
  // With the BEGIN goes nothing that writes, such as the claim of a key.
  const first = async (client: pg.ClientBase) => (keyed.key === null && request.lock === undefined ? hold(client) : null);
  const written = await inTransactionUpTo<Held | null, Written>(pool, first, async (client, held) => {
    const earlier = await claim(client, keyed, run);
    if (earlier !== null) return { result: { earlier } };
    const { plan, facts, others, stopped, rows } = held ?? (await hold(client));
    check(facts);
    const made = await request.make(client, plan, prepared, rows);
    const changes = await asked.alongside?.(client, run);
    const newRun = { ...run, plan, viewer, ...made, otherPlans: others, ...(changes === undefined ? {} : { changes }) };
    const last = () => together([insertRecovery(client, newRun), stopped?.writeEvents()]);
    return { result: { stopped: stopped?.run }, last };
  }).catch(async (error: unknown) => {
    // What a constraint stopped is the same conflict as what a check finds.
    if (brokenConstraint(error) === null) throw error;
    const plan = await planFacts(pool, planId);
    throw request.refusal(plan) ?? atTheSameMoment(plan);
  });
  if ("earlier" in written) return written.earlier;
  context.hint(run.recoveryId);
  context.announce();
  context.log.info({ recoveryId: run.recoveryId, planId, by: viewer.name }, mutation);
  if (written.stopped !== undefined) await sayEnded({ pool, log: context.log }, written.stopped);
  return run;
}

async function holdAtOnce(client: pg.ClientBase, planId: string): Promise<Held> {
  const [plan, , facts, others, rowsOf] = await together([
    lockPlan(client, planId),
    lockPairAndGroups(client, planId),
    planFacts(client, planId),
    otherPlans(client, planId),
    readRows(client, [planId]),
  ]);
  return { plan, facts, others, rows: rowsOf(plan) };
}

async function holdInTurn<P>(client: pg.ClientBase, planId: string, { lock }: RunRequest<P>, prepared: P): Promise<Held> {
  const plan = await lockPlan(client, planId);
  const stopped = await lock?.(client, plan, prepared);
  const [facts, others] = await together([planFacts(client, planId), otherPlans(client, planId)]);
  return { plan, facts, others, stopped };
}

export function atTheSameMoment({ id: planId, name: planName, lifecycle }: Pick<PlanFacts, "id" | "name" | "lifecycle">): ConflictError {
  const message = "Something else was started at the same moment.";
  return new ConflictError(message, "Look at the plan, and start again.", { planId, planName, lifecycle });
}
