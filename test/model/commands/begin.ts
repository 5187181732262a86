/** Beginning a run: of which plan, whether the answer is the one that was told and that the model says, and what is noted of it. */
import fc from "fast-check";
import { Broken } from "../broken.ts";
import type { Sent } from "../client.ts";
import type { PlanLook } from "../look.ts";
import { type LossRequest, type Model, planAt, prediction, type Start } from "../model.ts";
import type { World } from "../world.ts";
import { asTold, type Command, command } from "./command.ts";

export interface Wish {
  readonly plan: number;
  /** Now and then it is tried although the plan says that it is not allowed. */
  readonly anyway: boolean;
}

export const wish = {
  plan: fc.nat(1),
  anyway: fc.integer({ min: 1, max: 12 }).map((chance) => chance === 12),
};

/** Seven times in eight. */
export const mostly = fc.integer({ min: 1, max: 8 }).map((chance) => chance < 8);

/** The plan that is wished for, or the other one if only that one allows it; null: neither does. */
function chosen(model: Model, { plan: wanted, anyway }: Wish, told: string): PlanLook | null {
  const plans = [planAt(model, wanted), planAt(model, 1 - wanted)];
  return (anyway ? plans[0] : plans.find(({ operations }) => operations.get(told) === null)) ?? null;
}

interface Begun<W extends Wish> {
  readonly name: string;
  readonly wish: W;
  /** What the model knows it as. */
  readonly operation: Start;
  /** What the plan tells it as; the same, if left out. */
  readonly told?: string;
  can?(wish: W): boolean;
  send(world: World, plan: PlanLook, planId: string): Promise<Request | null>;
}

interface Request {
  readonly sent: Sent;
  /** Its options contradict each other. */
  readonly isWrong?: boolean;
  /** Whether there is what it asks for, only the sites or the catalogue know. */
  readonly isOpen?: boolean;
}

const words = (value: object) => JSON.stringify(value).replaceAll('"', "");

export function begins<W extends Wish>(begun: Begun<W>): Command {
  const { name, wish: wanted, operation, told = operation, can = () => true, send } = begun;
  return command({
    name: `${name} ${words(wanted)}`,
    can: (model) => chosen(model, wanted, told) !== null && (wanted.anyway || can(wanted)),
    async act(model, world) {
      const plan = chosen(model, wanted, told);
      const request = plan && (await send(world, plan, world.gid("RecoveryPlan", plan.id)));
      if (plan === null || request === null) return;
      compare(model, plan, operation, told, request);
      if (request.sent.ok) await noteRequest(model, world, plan.id);
    },
  });
}

function compare(model: Model, plan: PlanLook, operation: Start, told: string, { sent, isWrong = false, isOpen = false }: Request): void {
  const predicted = prediction(model, plan, operation);
  const details = { operation, plan, sent };
  if (isWrong && (sent.ok || sent.code !== "INVALID_REQUEST")) throw new Broken("Options that contradict each other were taken", details);
  if (!isWrong && !isOpen && predicted === "YES" && !sent.ok) throw new Broken("The model allows it, and it was refused", details);
  if (predicted === "NO" && sent.ok) throw new Broken("The model does not allow it, and it was taken", details);
  asTold(operation, plan.operations.get(told), sent);
}

/** The disaster run that is to follow a planned one counts from now on. */
export async function noteFollower({ requests }: Model, { db }: World, runId: string, followerId: string): Promise<void> {
  const { rows } = await db.database.pool.query<{ now: Date; heardAt: Date | null }>(
    `SELECT dr_now() AS now, (${heardText("$1")}) AS "heardAt"`,
    [runId],
  );
  const { now, heardAt } = rows[0] ?? { now: new Date(), heardAt: null };
  requests.set(followerId, { kind: "DISASTER", asked: now, lastKnown: heardAt ?? now });
}

/** When the site that a run recovers from was heard last; null: it is connected. */
const heardText = (runId: string) => `SELECT s.heartbeat_at FROM recovery_group m JOIN protection_group g ON g.id = m.group_id
  JOIN site s ON s.id = g.protected_site_id WHERE m.run_id = ${runId} AND s.state = 'DISCONNECTED' LIMIT 1`;

/** What counts for the loss that a real recovery has to report: the first request of its kind, and when its site was heard last. */
export async function noteRequest({ requests }: Model, { db }: World, planId: string): Promise<void> {
  const { rows } = await db.database.pool.query<{ id: string; kind: string; at: Date; rerunOf: string | null; heardAt: Date | null }>(
    `SELECT r.id, r.kind, r.requested_at AS at, r.rerun_of_id AS "rerunOf", (${heardText("r.id")}) AS "heardAt"
      FROM recovery r WHERE r.plan_id = $1 AND r.kind IN ('PLANNED', 'DISASTER')`,
    [planId],
  );
  for (const run of rows.filter(({ id }) => !requests.has(id))) {
    const earlier = run.rerunOf === null ? undefined : requests.get(run.rerunOf);
    const asked = earlier?.kind === run.kind && earlier.asked < run.at ? earlier.asked : run.at;
    const heardAt = run.kind === "DISASTER" ? run.heardAt : null;
    const request: LossRequest = { kind: run.kind, asked, lastKnown: heardAt !== null && heardAt < asked ? heardAt : asked };
    requests.set(run.id, request);
  }
}
