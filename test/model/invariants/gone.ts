/** Whatever a test made is gone after its cleanup; what a forced one could not remove is listed, all of it and nothing else. */
import { Broken } from "../broken.ts";
import type { Look } from "../look.ts";
import type { World } from "../world.ts";

export async function testsAreGone({ db }: World, before: Look, after: Look): Promise<void> {
  const { pool } = db.database;
  for (const cleanup of after.runs) {
    const isNew = cleanup.ended && before.runs.find(({ id }) => id === cleanup.id)?.ended !== true;
    if (cleanup.kind !== "CLEANUP" || !isNew || !["SUCCESS", "WARNING"].includes(cleanup.resultState ?? "")) continue;
    const { rows: there } = await pool.query<{ kind: string; id: string }>(
      `SELECT a ->> 'kind' AS kind, a ->> 'id' AS id FROM lab.site s, jsonb_array_elements(lab.artefacts(s.id, $1, false) -> 'answer') a ORDER BY 1, 2`,
      [cleanup.cleansUpId],
    );
    const { rows: listed } = await pool.query<{ kind: string; id: string }>(
      "SELECT kind, external_id AS id FROM leftover WHERE run_id = $1 AND gone_at IS NULL ORDER BY 1, 2",
      [cleanup.cleansUpId],
    );
    const left = cleanup.force ? there.filter(({ id }) => !listed.some((one) => one.id === id)) : there;
    if (left.length > 0) throw new Broken("What a test has made is still there after its cleanup", { cleanup, left, listed });
  }
}
