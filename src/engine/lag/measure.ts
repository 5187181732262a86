/** One measurement: from the last one, or from what the points tell of the time before, to now. A few statements, however many VMs there are. */
import type pg from "pg";
import { inTransaction } from "../../database/transaction.ts";
import { appendChanges } from "../../events/changes.ts";
import { measure } from "./measurement.ts";
import { beginMeasuring, readCompletions, readGroups, takeCompletions } from "./rows.ts";
import { samplesOf } from "./samples.ts";
import { writeMeasured, writeSamples, writeViolations } from "./write.ts";

/** Longer gaps are caught up with piece by piece: no statement becomes large, and no transaction stands idle while a piece is worked out. */
const pieceMs = 3_600_000;

interface Measured {
  /** How many violations and groups are told of. */
  readonly changes: number;
  /** There is more to catch up with. */
  readonly behind: boolean;
}

/** Whoever calls it, and however often at once: every moment is measured once. */
const measurePiece = (pool: pg.Pool): Promise<Measured> =>
  inTransaction(pool, async (client) => {
    const { now, last } = await beginMeasuring(client);
    if (last !== null && now <= last) return { changes: 0, behind: false };
    const until = last === null ? now : Math.min(now, last + pieceMs);
    const completions = await takeCompletions(client, until);
    const groups = await readGroups(client);
    const unmeasured = groups.filter((group) => group.last === null).map(({ id }) => id);
    const all = new Map([...completions, ...(await readCompletions(client, unmeasured, until))]);
    const found = groups.map((group) => measure(group, all.get(group.id) ?? [], until));
    await writeMeasured(client, found, until);
    await writeSamples(
      client,
      samplesOf(
        found.map(({ contribution }) => contribution),
        now,
      ),
    );
    const changes = await writeViolations(client, found, until);
    await appendChanges(client, changes);
    return { changes: changes.length, behind: until < now };
  });

/** Up to now, or to where it has come when `stop` is aborted. Answers how many violations and groups are told of. */
export async function measureLag(pool: pg.Pool, stop?: AbortSignal): Promise<number> {
  for (let changes = 0; ; ) {
    const piece = await measurePiece(pool);
    changes += piece.changes;
    if (!piece.behind || stop?.aborted === true) return changes;
  }
}
