/** What can be done with drills, and what they do by themselves. */
import { ConflictError, NotFoundError } from "../errors.ts";
import { encodeId } from "../ids.ts";
import { unlessAnswered } from "../mutation.ts";
import type { Recoveries, StartedRun } from "../recoveries/service.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { type ChangedDrill, type CreateInput, create, type DeleteInput, remove, type UpdateInput, update } from "./edit.ts";
import { followUp } from "./follow-up.ts";
import { drillColumns, drillOf, type StoredDrill } from "./rows.ts";
import { accountForDue, type DrillParts, Superseded, startTest } from "./start-due.ts";

export interface RunInput {
  readonly drillId: string;
  readonly idempotencyKey?: string | null | undefined;
}

/** The drill that was started by hand, and its test. */
export interface RunDrill {
  readonly drillId: string;
  readonly recoveryId: string;
}

/** Ids are the database's. Every method rejects with a DomainError when it has done nothing, and its key gets the first answer again. */
export interface Drills {
  create(viewer: Viewer, input: CreateInput): Promise<ChangedDrill>;
  update(viewer: Viewer, input: UpdateInput): Promise<ChangedDrill>;
  remove(viewer: Viewer, input: DeleteInput): Promise<ChangedDrill>;
  runNow(viewer: Viewer, input: RunInput): Promise<RunDrill>;
  /** One round: what is due is started or skipped, what was started is followed up. On any node, at any time; the rows decide. */
  round(stop?: AbortSignal): Promise<void>;
}

export function createDrills(context: ServiceContext, recoveries: Recoveries): Drills {
  const parts: DrillParts = { context, recoveries };
  return {
    create: (viewer, input) => create(context, viewer, input),
    update: (viewer, input) => update(context, viewer, input),
    remove: (viewer, input) => remove(context, viewer, input),
    runNow: (viewer, input) => runNow(parts, viewer, input),
    async round(stop) {
      await followUp(parts, stop);
      await accountForDue(parts, stop);
    },
  };
}

async function readDrill({ context }: DrillParts, drillId: string): Promise<StoredDrill> {
  const text = `SELECT ${drillColumns} FROM drill d WHERE d.id = $1`;
  const { rows } = await context.database.pool.query<StoredDrill>({ name: "drill-read", text, values: [drillId] });
  const [stored] = rows;
  if (stored === undefined) throw new NotFoundError("Drill", encodeId("Drill", drillId));
  return stored;
}

/** Now, by somebody: whether it is enabled, and its black-out windows, are for the schedule. */
async function runNow(parts: DrillParts, viewer: Viewer, { drillId, idempotencyKey }: RunInput): Promise<RunDrill> {
  const request = { mutation: "runDrillNow", input: { drillId, idempotencyKey } };
  const before = await unlessAnswered<StartedRun, StoredDrill>(parts.context, viewer, request, () => readDrill(parts, drillId));
  if ("answer" in before) return { drillId, recoveryId: before.answer.recoveryId };
  try {
    const { recoveryId } = await startTest(parts, drillOf(before.prepared), { dueAt: null, by: { viewer, idempotencyKey } });
    return { drillId, recoveryId };
  } catch (error) {
    if (!(error instanceof Superseded)) throw error;
    throw new ConflictError("The drill was changed at the same moment.", "Look at the drill, and start it again.");
  }
}
