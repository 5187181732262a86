/**
 * Going on with a planned recovery as a disaster recovery. The planned one stops as it does when it is cancelled, and puts nothing back; its
 * end writes the disaster run, from what is stored here (engine/finish): a gateway that dies in between changes nothing of that.
 */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { inTransaction } from "../../database/transaction.ts";
import type { RecoveryOptions } from "../../engine/run-snapshot.ts";
import { answerOrPrepare, claim, type KeyedRequest } from "../idempotency.ts";
import { lockPairAndGroups } from "../locks.ts";
import type { Viewer } from "../viewer.ts";
import { controlledRun } from "./service/cancel.ts";
import { checkTexts, type RecoveriesContext } from "./service/context.ts";
import { hasEnded } from "./service/control-refusals.ts";
import { planFacts, type RunFacts } from "./service/facts.ts";
import { lockPlan } from "./service/open-runs.ts";
import { contentRefusal, siteRefusal } from "./service/refusals.ts";
import { beforeRuns } from "./start/before.ts";
import { takeDraft } from "./start/draft.ts";
import { type PreparedRecovery, prepareRecovery, type RecoveryInput, recoveryDraft } from "./start/recovery.ts";

export interface SwitchInput {
  readonly recoveryId: string;
  readonly acceptUnfenced?: boolean | null | undefined;
  readonly notes?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

/** The planned run, and the one that follows it once it has ended. */
export interface SwitchedRun extends Readonly<Record<string, string>> {
  readonly recoveryId: string;
  readonly followerId: string;
}

export async function switchToDisaster(
  context: RecoveriesContext,
  viewer: Viewer,
  { idempotencyKey, ...input }: SwitchInput,
): Promise<SwitchedRun> {
  checkTexts({ notes: input.notes, idempotencyKey });
  const { pool } = context.database;
  const keyed: KeyedRequest = { viewer, mutation: "switchToDisaster", key: idempotencyKey ?? null, input };
  const { recoveryId } = input;
  const before = await answerOrPrepare<SwitchedRun, Prepared>(pool, keyed, () => prepare(context, viewer, recoveryId));
  if ("answer" in before) return before.answer;
  const { planId, prepared } = before.prepared;
  const answer: SwitchedRun = { recoveryId, followerId: newId() };
  const earlier = await inTransaction(pool, async (client) => {
    const first = await claim(client, keyed, answer);
    if (first === null) await request(client, viewer, { ...input, planId, followerId: answer.followerId }, prepared);
    return first;
  });
  if (earlier !== null) return earlier;
  context.log.info({ ...answer, planId, by: viewer.name }, "switchToDisaster");
  context.hint(recoveryId);
  return answer;
}

interface Prepared {
  readonly planId: string;
  readonly prepared: PreparedRecovery;
}

async function prepare(context: RecoveriesContext, viewer: Viewer, recoveryId: string): Promise<Prepared> {
  const controlled = (client: pg.ClientBase) => controlledRun(client, viewer, "SWITCH_TO_DISASTER", recoveryId);
  const planId = await inTransaction(context.database.pool, async (client) => planOf(await controlled(client)));
  return {
    planId,
    prepared: { ...(await prepareRecovery(beforeRuns(context), { planId, recoveryType: "DISASTER" })), goesOnWith: recoveryId },
  };
}

function planOf(run: RunFacts): string {
  if (run.planId === null) throw hasEnded(run);
  return run.planId;
}

const statements = {
  options: "SELECT options FROM recovery WHERE id = $1",
  follower: `INSERT INTO recovery_follower (run_id, recovery_id, task_id, options, notes, snapshot, vm_count, requested_by_id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
  wish: `UPDATE recovery SET switch_requested_at = dr_now(), switch_requested_by = $2, cancel_requested_at = dr_now(), cancel_requested_by = $2,
      cancel_reason = 'SWITCHED_TO_DISASTER', wake_at = dr_now() WHERE id = $1`,
} as const;

type Request = Omit<SwitchInput, "idempotencyKey"> & { readonly planId: string; readonly followerId: string };

/** Checks as the start of a disaster recovery does, holding the same rows; the run's is the last of them. */
async function request(client: pg.ClientBase, viewer: Viewer, wanted: Request, prepared: PreparedRecovery): Promise<void> {
  const { recoveryId, planId, followerId } = wanted;
  const run = (name: keyof typeof statements, values: unknown[]) =>
    client.query<{ options: Partial<RecoveryOptions> }>({ name: `switch-${name}`, text: statements[name], values });
  const plan = await lockPlan(client, planId);
  await lockPairAndGroups(client, planId);
  await controlledRun(client, viewer, "SWITCH_TO_DISASTER", recoveryId);
  const facts = await planFacts(client, planId);
  const refusal = siteRefusal(facts) ?? contentRefusal(facts);
  if (refusal !== null) throw refusal;
  const { rows } = await run("options", [recoveryId]);
  const { powerOnVms, runScripts } = rows[0]?.options ?? {};
  const asked: RecoveryInput = { planId, recoveryType: "DISASTER", powerOnVms, runScripts, acceptUnfenced: wanted.acceptUnfenced };
  const { snapshot, options } = takeDraft(await recoveryDraft(client, plan, viewer, asked, prepared));
  const texts = [JSON.stringify(options), wanted.notes ?? "", JSON.stringify(snapshot)];
  await run("follower", [recoveryId, followerId, newId(), ...texts, snapshot.vms.length, viewer.userId]);
  await run("wish", [recoveryId, viewer.name]);
}
