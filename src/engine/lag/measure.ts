/** One measurement: from the last one, or from what the points tell of the time before, to now. A few statements for hundreds of groups, however many VMs there are. */
import type pg from "pg";
import { inTransaction } from "../../database/transaction.ts";
import { appendChanges } from "../../events/changes.ts";
import { forgetMoved, moveSamples, writeSamples } from "./history.ts";
import { type Found, measure } from "./measurement.ts";
import { beginMeasuring, type MeasuredGroup, readCompletions, readGroups, takeCompletions } from "./rows.ts";
import { samplesOf } from "./samples.ts";
import type { Completion } from "./timeline.ts";
import { writeMeasured, writeViolations } from "./write.ts";

/** Longer gaps are caught up with piece by piece: no statement becomes large, and no transaction stands idle while a piece is worked out. */
const pieceMs = 3_600_000;

interface Measured {
  /** How many violations and groups are told of. */
  readonly changes: number;
  /** There is more to catch up with. */
  readonly behind: boolean;
}

/** So many groups are worked out between two statements: a transaction does not stand idle meanwhile, and requests are answered in between. */
const groupsAtOnce = 500;

/** Whoever calls it, and however often at once: every moment is measured once. */
const measurePiece = (pool: pg.Pool): Promise<Measured> =>
  inTransaction(pool, async (client) => {
    const { now, last } = await beginMeasuring(client);
    if (last !== null && now <= last) return { changes: 0, behind: false };
    const until = last === null ? now : Math.min(now, last + pieceMs);
    const completions = await takeCompletions(client, until);
    const groups = await readGroups(client);
    const found: Found[] = [];
    await moveSamples(client, until);
    for (let from = 0; from < groups.length; from += groupsAtOnce) {
      found.push(...(await measureGroups(client, groups.slice(from, from + groupsAtOnce), completions, { now, until })));
    }
    await forgetMoved(client, until);
    const changes = await writeViolations(client, found, until);
    await appendChanges(client, changes);
    return { changes: changes.length, behind: until < now };
  });

async function measureGroups(
  client: pg.ClientBase,
  groups: readonly MeasuredGroup[],
  completions: ReadonlyMap<string, readonly Completion[]>,
  { now, until }: { readonly now: number; readonly until: number },
): Promise<Found[]> {
  const unmeasured = groups.filter((group) => group.last === null).map(({ id }) => id);
  const earlier = await readCompletions(client, unmeasured, until);
  const found = groups.map((group) => measure(group, earlier.get(group.id) ?? completions.get(group.id) ?? [], until));
  await writeMeasured(client, found, until);
  const contributions = found.map(({ contribution }) => contribution);
  await writeSamples(client, samplesOf(contributions, now), until);
  return found;
}

/** Up to now, or to where it has come when `stop` is aborted. Answers how many violations and groups are told of. */
export async function measureLag(pool: pg.Pool, stop?: AbortSignal): Promise<number> {
  for (let changes = 0; ; ) {
    const piece = await measurePiece(pool);
    changes += piece.changes;
    if (!piece.behind || stop?.aborted === true) return changes;
  }
}
