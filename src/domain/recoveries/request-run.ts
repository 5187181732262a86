/** How every run of a plan is requested: sites are asked first, then one short transaction checks, snapshots and writes the run. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { brokenConstraint, inTransactionUpTo, onOneConnection } from "../../database/transaction.ts";
import { sayEnded } from "../../engine/say-ended.ts";
import { ConflictError, type DomainError } from "../errors.ts";
import { answerOrPrepare, claim, type KeyedRequest } from "../idempotency.ts";
import type { Viewer } from "../viewer.ts";
import type { Alongside, RecoveriesContext, StartedRun } from "./service/context.ts";
import { type PlanFacts, planFacts } from "./service/facts.ts";
import { type LockedPlan, lockPlan } from "./service/open-runs.ts";
import { insertRecovery, type NewRun } from "./service/run.ts";
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
  /** Holds what has to stay as it is until the run is written; answers what it has stopped for that. */
  lock(client: pg.ClientBase, plan: LockedPlan, prepared: P): Promise<Stopped | undefined>;
  make(client: pg.ClientBase, plan: LockedPlan, prepared: P): Promise<Omit<NewRun, "recoveryId" | "taskId" | "plan" | "viewer">>;
}

type Written = { readonly earlier: StartedRun } | { readonly stopped: Stopped["run"] | undefined };

export async function requestRun<P>(context: RecoveriesContext, viewer: Viewer, asked: Asked, request: RunRequest<P>): Promise<StartedRun> {
  const { mutation, planId, input, idempotencyKey } = asked;
  const { pool } = context.database;
  const keyed: KeyedRequest = { viewer, mutation, key: idempotencyKey ?? null, input };
  const check = async (database: Pick<pg.ClientBase, "query">) => {
    const refusal = request.refusal(await planFacts(database, planId));
    if (refusal !== null) throw refusal;
  };
  const before = await answerOrPrepare<StartedRun, P>(pool, keyed, async () => {
    // Nothing is held here, and what is read may be of two moments: a refusal is told as the next look finds it.
    await onOneConnection(pool, (client) =>
      check(client).catch(async (error: unknown) => {
        await check(client);
        throw error;
      }),
    );
    return request.prepare();
  });
  if ("answer" in before) return before.answer;
  const { prepared } = before;
  const run: StartedRun = { recoveryId: newId(), taskId: newId() };
  const written = await inTransactionUpTo<Written>(pool, async (client) => {
    const first = await claim(client, keyed, run);
    if (first !== null) return { result: { earlier: first } };
    const plan = await lockPlan(client, planId);
    const stopped = await request.lock(client, plan, prepared);
    await check(client);
    const made = await request.make(client, plan, prepared);
    const changes = await asked.alongside?.(client, run);
    const writeEvents = await insertRecovery(client, { ...run, plan, viewer, ...made, ...(changes === undefined ? {} : { changes }) });
    return { result: { stopped: stopped?.run }, last: () => Promise.all([writeEvents(), stopped?.writeEvents()]) };
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

export function atTheSameMoment({ id: planId, name: planName, lifecycle }: Pick<PlanFacts, "id" | "name" | "lifecycle">): ConflictError {
  const message = "Something else was started at the same moment.";
  return new ConflictError(message, "Look at the plan, and start again.", { planId, planName, lifecycle });
}
