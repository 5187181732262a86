/** A run as it would be started now: what it would work on, and what keeps it from being started. A start takes it; a preview shows it. */
import type pg from "pg";
import type { RisingSnapshot } from "../../../engine/run-snapshot.ts";
import { type DomainError, PreconditionFailedError } from "../../errors.ts";
import { type PointChoice, pointsFor } from "../recovery-point.ts";
import { faultsRefusal } from "../service/faults.ts";
import type { GroupRow, PlanRows } from "../snapshot/rows.ts";
import type { Built } from "../snapshot.ts";

export interface RunDraft<S extends RisingSnapshot = RisingSnapshot> {
  readonly rows: PlanRows;
  readonly options: S["options"] & { readonly failurePolicy: "PAUSE" | "CONTINUE" };
  readonly result: Built<S>;
  /** By group: the provider's id of the point that was asked for. */
  readonly points: ReadonlyMap<string, string>;
  /** By options, points and the sites' condition, in the order in which a start asks for them; the faults come after these. */
  readonly refusals: readonly DomainError[];
}

/** Throws the first thing that stands in the way. */
export function takeDraft<S extends RisingSnapshot>({ rows, options, result, refusals }: RunDraft<S>) {
  const [first] = refusals;
  if (first !== undefined) throw first;
  if ("faults" in result) throw faultsRefusal(result.faults);
  return { rows, options, snapshot: result.snapshot };
}

/** The points that are asked for, or why there are none. */
export async function draftPoints(
  client: Pick<pg.ClientBase, "query">,
  groups: readonly GroupRow[],
  choice: PointChoice | null | undefined,
  refusals: DomainError[],
): Promise<ReadonlyMap<string, string>> {
  try {
    return await pointsFor(client, groups, choice);
  } catch (error) {
    if (!(error instanceof PreconditionFailedError)) throw error;
    refusals.push(error);
    return new Map();
  }
}
