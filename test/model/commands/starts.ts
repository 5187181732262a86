/** What begins a run: tests, recoveries with their options, cleanups, reprotects; and accepting a recovery as it is. */
import fc from "fast-check";
import { Broken } from "../broken.ts";
import type { Sent } from "../client.ts";
import { type LossRequest, type Model, planAt, prediction, type Start } from "../model.ts";
import type { World } from "../world.ts";
import { asTold, type Command, command } from "./command.ts";

type Point = "LATEST" | "NEWEST_BY_ID" | "OLDER_BY_ID" | "EARLIER_TIME";

interface Options {
  readonly syncData?: boolean;
  readonly powerOnVms?: boolean;
  readonly runScripts?: boolean;
  readonly failurePolicy?: "PAUSE" | "CONTINUE";
  readonly acceptDataLoss?: boolean;
  readonly acceptUnfenced?: boolean;
}

const plan = fc.nat(1);
/** Now and then it is tried although the plan says that it is not allowed. */
const anyway = fc.integer({ min: 1, max: 12 }).map((chance) => chance === 12);
const now = (words: object) => JSON.stringify(words).replaceAll('"', "");

const isTold = (model: Model, index: number, operation: string) => planAt(model, index).operations.get(operation) === null;

/** Sends it, and compares the answer with what the plan has told and the model says. Answers the run that has begun. */
async function begin(
  model: Model,
  index: number,
  operation: Start,
  told: string,
  send: () => Promise<Sent>,
  isWrong = false,
): Promise<string | null> {
  const one = planAt(model, index);
  const predicted = prediction(model, one, operation);
  const sent = await send();
  const details = { operation, plan: one, sent };
  if (isWrong && (sent.ok || sent.code !== "INVALID_REQUEST")) throw new Broken("Options that contradict each other were taken", details);
  if (!isWrong && predicted === "YES" && !sent.ok) throw new Broken("The model allows it, and it was refused", details);
  if (predicted === "NO" && sent.ok) throw new Broken("The model does not allow it, and it was taken", details);
  asTold(operation, one.operations.get(told), sent);
  return sent.ok ? sent.payload.recovery.id : null;
}

export const startTest: fc.Arbitrary<Command> = fc
  .record({
    plan,
    anyway,
    options: fc.record(
      { syncData: fc.boolean(), powerOnVms: often(), failurePolicy: fc.constantFrom("PAUSE", "CONTINUE") },
      { requiredKeys: [] },
    ),
  })
  .map((wish) =>
    command({
      name: `test ${now(wish)}`,
      can: (model) => wish.anyway || isTold(model, wish.plan, "START_TEST"),
      async act(model, { client, gid }) {
        const input = { planId: gid("RecoveryPlan", planAt(model, wish.plan).id), recoveryType: "TEST", ...wish.options };
        await begin(model, wish.plan, "START_TEST", "START_TEST", () => client.send("startRecovery", "recovery { id }", input));
      },
    }),
  );

function often(): fc.Arbitrary<boolean> {
  return fc.integer({ min: 1, max: 8 }).map((chance) => chance < 8);
}

const options: fc.Arbitrary<Options> = fc.record(
  {
    syncData: fc.boolean(),
    powerOnVms: often(),
    runScripts: fc.boolean(),
    failurePolicy: fc.constantFrom("PAUSE", "CONTINUE"),
    acceptDataLoss: fc.boolean(),
  },
  { requiredKeys: [] },
);

interface Recovery {
  readonly plan: number;
  readonly type: "PLANNED" | "DISASTER";
  readonly point: Point;
  readonly options: Options;
  readonly anyway: boolean;
}

/** Contradictions that are told at once. */
function contradicts({ type, point, options: { syncData, acceptDataLoss } }: Recovery): boolean {
  if (type === "PLANNED") return point !== "LATEST" || (syncData === false && acceptDataLoss !== true);
  return point !== "LATEST" && syncData === true;
}

/** Null: there is no such point of one of the groups. */
async function pointInput({ db, gid }: World, groupIds: readonly string[], point: Point): Promise<object | null> {
  const { pool } = db.database;
  if (point === "LATEST") return {};
  if (point === "EARLIER_TIME") {
    const { rows } = await pool.query<{ at: Date }>("SELECT dr_now() - interval '400 s' AS at");
    return { recoveryPoint: { pointInTime: rows[0]?.at.toISOString() } };
  }
  const { rows } = await pool.query<{ groupId: string; ids: string[] }>(
    `SELECT group_id AS "groupId", array_agg(id ORDER BY taken_at DESC, external_id)::text[] AS ids FROM recovery_point
      WHERE complete AND group_id = ANY ($1::uuid[]) GROUP BY group_id`,
    [groupIds],
  );
  const specific = rows.map(({ groupId, ids }) => ({
    groupId: gid("ProtectionGroup", groupId),
    recoveryPointId: gid("RecoveryPoint", (point === "NEWEST_BY_ID" ? ids[0] : ids.at(-1)) ?? ""),
  }));
  return specific.length < groupIds.length ? null : { recoveryPoint: { specific } };
}

async function recover(model: Model, world: World, wish: Recovery): Promise<void> {
  const { client, gid } = world;
  const one = planAt(model, wish.plan);
  const point = await pointInput(world, one.groupIds, wish.point);
  if (point === null) return;
  const input = { planId: gid("RecoveryPlan", one.id), recoveryType: wish.type, ...wish.options, ...point };
  const operation = wish.type === "PLANNED" ? "START_PLANNED_RECOVERY" : "START_DISASTER_RECOVERY";
  const send = () => client.send("startRecovery", "recovery { id }", input);
  // An earlier time may be before the first point.
  const [isWrong, predictable] = [contradicts(wish), wish.point !== "EARLIER_TIME"];
  const begun = predictable
    ? await begin(model, wish.plan, operation, operation, send, isWrong)
    : await begin({ ...model, trouble: { heals: new Map([["earlier", async () => {}]]) } }, wish.plan, operation, operation, send, isWrong);
  if (begun !== null) await noteRequest(model, world, one.id);
}

/** What counts for the loss that the run has to report: the first request of its kind, and when its site was heard last. */
export async function noteRequest({ requests }: Model, { db }: World, planId: string): Promise<void> {
  const { rows } = await db.database.pool.query<{ id: string; kind: string; at: Date; rerunOf: string | null; heardAt: Date | null }>(
    `SELECT r.id, r.kind, r.requested_at AS at, r.rerun_of_id AS "rerunOf",
        (SELECT s.heartbeat_at FROM recovery_group m JOIN protection_group g ON g.id = m.group_id JOIN site s ON s.id = g.protected_site_id
          WHERE m.run_id = r.id AND s.state = 'DISCONNECTED' LIMIT 1) AS "heardAt"
      FROM recovery r WHERE r.plan_id = $1 AND r.kind IN ('PLANNED', 'DISASTER') ORDER BY r.requested_at DESC, r.id DESC LIMIT 1`,
    [planId],
  );
  const [run] = rows;
  if (run === undefined) throw new Error("The run that was begun is not there");
  const earlier = run.rerunOf === null ? undefined : requests.get(run.rerunOf);
  const first = earlier?.kind === run.kind && earlier.asked < run.at ? earlier.asked : run.at;
  const request: LossRequest = {
    kind: run.kind,
    asked: first,
    lastKnown: run.kind === "DISASTER" && run.heardAt !== null && run.heardAt < first ? run.heardAt : first,
  };
  requests.set(run.id, request);
}

export const startRecovery: fc.Arbitrary<Command> = fc
  .record({
    plan,
    anyway,
    type: fc.constantFrom<Recovery["type"]>("PLANNED", "DISASTER"),
    point: fc.constantFrom<Point>("LATEST", "LATEST", "LATEST", "NEWEST_BY_ID", "OLDER_BY_ID", "EARLIER_TIME"),
    options,
    acceptUnfenced: often(),
  })
  .map(({ acceptUnfenced, ...given }) => {
    const wish: Recovery = given.type === "DISASTER" ? { ...given, options: { ...given.options, acceptUnfenced } } : given;
    const operation = wish.type === "PLANNED" ? "START_PLANNED_RECOVERY" : "START_DISASTER_RECOVERY";
    return command({
      name: `recover ${now(wish)}`,
      can: (model) => wish.anyway || (isTold(model, wish.plan, operation) && (wish.type === "DISASTER" || !contradicts(wish))),
      act: (model, world) => recover(model, world, wish),
    });
  });

export const startFailover: fc.Arbitrary<Command> = fc
  .record({ plan, anyway, failurePolicy: fc.constantFrom("PAUSE", "CONTINUE") })
  .map((wish) =>
    command({
      name: `planned failover ${now(wish)}`,
      can: (model) => wish.anyway || isTold(model, wish.plan, "START_PLANNED_FAILOVER"),
      async act(model, world) {
        const one = planAt(model, wish.plan);
        const input = { planId: world.gid("RecoveryPlan", one.id), failurePolicy: wish.failurePolicy };
        const send = () => world.client.send("startPlannedFailover", "recovery { id }", input);
        const begun = await begin(model, wish.plan, "START_PLANNED_RECOVERY", "START_PLANNED_FAILOVER", send);
        if (begun !== null) await noteRequest(model, world, one.id);
      },
    }),
  );

export const cleanUp: fc.Arbitrary<Command> = fc.record({ plan, anyway, force: fc.boolean() }).map((wish) => {
  const told = wish.force ? "FORCE_CLEANUP_TEST" : "CLEANUP_TEST";
  return command({
    name: `cleanup ${now(wish)}`,
    can: (model) => wish.anyway || isTold(model, wish.plan, told),
    async act(model, { client, gid }) {
      const input = { planId: gid("RecoveryPlan", planAt(model, wish.plan).id), force: wish.force };
      await begin(model, wish.plan, "CLEANUP_TEST", told, () => client.send("cleanupTest", "recovery { id }", input));
    },
  });
});

export const reprotect: fc.Arbitrary<Command> = fc.record({ plan, anyway, force: fc.boolean(), syncData: often() }).map((wish) =>
  command({
    name: `reprotect ${now(wish)}`,
    can: (model) => wish.anyway || isTold(model, wish.plan, "START_REPROTECT"),
    async act(model, { client, gid }) {
      const input = { planId: gid("RecoveryPlan", planAt(model, wish.plan).id), force: wish.force, syncData: wish.syncData };
      await begin(model, wish.plan, "START_REPROTECT", "START_REPROTECT", () => client.send("startReprotect", "recovery { id }", input));
    },
  }),
);

export const accept: fc.Arbitrary<Command> = fc.record({ plan, anyway }).map((wish) =>
  command({
    name: `accept ${now(wish)}`,
    can: (model) => wish.anyway || isTold(model, wish.plan, "ACCEPT_RECOVERY"),
    async act(model, { client, gid }) {
      const input = { planId: gid("RecoveryPlan", planAt(model, wish.plan).id), comment: "It is as it is." };
      await begin(model, wish.plan, "ACCEPT_RECOVERY", "ACCEPT_RECOVERY", () => client.send("acceptRecovery", "recovery { id }", input));
    },
  }),
);
