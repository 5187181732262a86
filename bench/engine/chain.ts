/** The critical path of a run, by what its steps took at the sites: what it would take if nothing cost anything but the sites. */
import type pg from "pg";

interface Row {
  readonly ordinal: number;
  readonly parent: number | null;
  /** Steps that it waits for, of its own. */
  readonly waits: readonly number[];
  readonly seconds: number;
}

/**
 * By the lab's own clock: each effect from its order to its end, a ready check from the end of power-on to the guest's first sign of life. A
 * wait counts with the length that it has.
 */
export async function criticalPathSeconds(pool: pg.Pool, runId: string): Promise<number> {
  const { rows } = await pool.query<Row>(
    `SELECT s.ordinal, s.parent, s.after || s.needs AS waits, COALESCE(
        (SELECT sum(extract(epoch FROM o.completes_at - o.ordered_at)) FROM lab.operation o WHERE o.run_id = s.run_id::text
          AND o.key = ANY(ARRAY(SELECT s.run_id || ':' || s.ordinal || ':' || n FROM generate_series(1, s.attempt) n)) AND o.site_id = l.external_id),
        (SELECT extract(epoch FROM v.booted_at - v.on_at) FROM recovery_step r JOIN lab.vm v ON v.id = r.result ->> 'vmId'
          WHERE s.kind = 'READY_CHECK' AND r.run_id = s.run_id AND r.ordinal = (s.spec ->> 'vm')::int), 0)::float8 AS seconds
      FROM recovery_step s LEFT JOIN site l ON l.id = s.site_id WHERE s.run_id = $1 ORDER BY s.ordinal`,
    [runId],
  );
  return longestChain(rows);
}

/** Rows by ordinal, which begins at 1; a container ends with the last of what is in it. Pure. */
export function longestChain(rows: readonly Row[]): number {
  const isContainer = new Set(rows.map(({ parent }) => parent));
  const children = new Map<number, number[]>();
  for (const { ordinal, parent } of rows) {
    if (parent === null) continue;
    const siblings = children.get(parent);
    if (siblings) siblings.push(ordinal);
    else children.set(parent, [ordinal]);
  }
  const ends = new Map<number, number>();
  const begins = new Map<number, number>();

  function begin(row: Row): number {
    const known = begins.get(row.ordinal);
    if (known !== undefined) return known;
    const container = row.parent === null ? undefined : rows[row.parent - 1];
    const value = latest([container === undefined ? 0 : begin(container), ...row.waits.map(end)]);
    begins.set(row.ordinal, value);
    return value;
  }

  function end(ordinal: number): number {
    const known = ends.get(ordinal);
    if (known !== undefined) return known;
    const row = rows[ordinal - 1];
    if (row === undefined) return 0;
    const value = isContainer.has(ordinal) ? latest((children.get(ordinal) ?? []).map(end)) : begin(row) + row.seconds;
    ends.set(ordinal, value);
    return value;
  }

  return latest(rows.map(({ ordinal }) => end(ordinal)));
}

/** Math.max takes no list of thousands. */
const latest = (times: readonly number[]): number => times.reduce((last, time) => Math.max(last, time), 0);
