/**
 * A recovery that goes on with another one, and VMs that this has recovered and that are recovered no more: somebody has kept their originals.
 * Those run and have gone on writing; the run must neither power them off nor count their copies as recovered.
 */
import type pg from "pg";
import type { RunWarning } from "../../../engine/run-snapshot.ts";
import { runWarning } from "../../../engine/warnings.ts";
import type { PlanRows } from "../snapshot/rows.ts";

const text = `WITH RECURSIVE c AS (
    SELECT id, rerun_of_id, ended_at FROM recovery WHERE id = $1
    UNION ALL SELECT o.id, o.rerun_of_id, o.ended_at FROM c JOIN recovery o ON o.id = c.rerun_of_id)
  SELECT DISTINCT s.vm_id AS id FROM c JOIN recovery_step s ON s.run_id = c.id
  WHERE c.ended_at IS NOT NULL AND s.kind = 'REGISTER_VM' AND s.status IN ('SUCCEEDED', 'WARNING', 'ALREADY_DONE')
    AND NOT EXISTS (SELECT FROM recovered_vm r WHERE r.vm_id = s.vm_id)`;

/** Ids of VMs. `rerunOf` null: the run is the first. One that is still open has yet to say which VMs it has recovered. */
export async function keptOriginals(client: Pick<pg.ClientBase, "query">, rerunOf: string | null): Promise<ReadonlySet<string>> {
  if (rerunOf === null) return new Set();
  const { rows } = await client.query<{ id: string }>({ name: "kept-originals", text, values: [rerunOf] });
  return new Set(rows.map(({ id }) => id));
}

/** Without those VMs, and without groups that have no others. */
export function withoutKept(rows: PlanRows, kept: ReadonlySet<string>): PlanRows {
  const vms = rows.vms.filter(({ id }) => !kept.has(id));
  const left = new Set(vms.map(({ groupId }) => groupId));
  const emptied = new Set(rows.vms.flatMap(({ groupId }) => (left.has(groupId) ? [] : [groupId])));
  return { ...rows, vms, groups: rows.groups.filter(({ id }) => !emptied.has(id)) };
}

export const keptWarnings = ({ vms }: PlanRows, kept: ReadonlySet<string>): RunWarning[] =>
  vms
    .filter(({ id }) => kept.has(id))
    .map(({ name }) => runWarning("VM_NOT_RECOVERED", `${name} is left out: its original was kept, and runs where it comes from.`));
