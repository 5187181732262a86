/** Waits until nothing moves by itself: each run is over, or waits for a person, and no replication cycle is due. */
import { setTimeout as delay } from "node:timers/promises";
import { isReplicated, isSuspended, never } from "../../src/engine/replication/cycle.ts";
import type { World } from "./world.ts";

interface Moving {
  /** What moves, in words. */
  readonly what: readonly string[];
  /** Some of it comes no further for now: a call stays at its site, or a machine shall be ready that is off, or at a site that nobody reaches. */
  readonly held: boolean;
  /** Changes with everything that runs write. */
  readonly stamp: string;
}

/** A run that is told nothing new and has nothing under way: at a prompt, a pause, or a failure that somebody has to look at. */
const isBlocked = `(r.state IN ('PAUSED', 'PROMPTING') AND r.cancel_requested_at IS NULL
  AND (r.pause_requested_at IS NULL OR (r.state = 'PAUSED' AND r.paused_reason IN ('OPERATOR', 'STEP_FAILED')))
  AND NOT (r.state = 'PAUSED' AND r.paused_reason = 'OPERATOR' AND r.pause_requested_at IS NULL)
  AND NOT EXISTS (SELECT FROM recovery_step s WHERE s.run_id = r.id AND s.status = 'RUNNING'
    AND NOT EXISTS (SELECT FROM recovery_step c WHERE c.run_id = s.run_id AND c.parent = s.ordinal))
  AND EXISTS (SELECT FROM recovery_step s WHERE s.run_id = r.id AND (s.status IN ('PENDING', 'WAITING')
    OR (s.status = 'FAILED' AND r.paused_reason = 'STEP_FAILED' AND NOT EXISTS (SELECT FROM recovery_step c WHERE c.run_id = s.run_id AND c.parent = s.ordinal))))
  AND (r.state <> 'PROMPTING' OR EXISTS (SELECT FROM recovery_step s WHERE s.run_id = r.id AND s.kind = 'PROMPT' AND s.status = 'WAITING'))
  AND NOT EXISTS (SELECT FROM step_wish w JOIN recovery_step s ON s.run_id = w.run_id AND s.ordinal = w.ordinal AND s.attempt = w.attempt
    WHERE w.run_id = r.id AND s.status = 'FAILED')
  AND NOT EXISTS (SELECT FROM recovery_prompt p JOIN recovery_step s ON s.run_id = p.run_id AND s.ordinal = p.ordinal AND s.attempt = p.attempt
    WHERE p.run_id = r.id AND p.answer IS NOT NULL AND s.status = 'WAITING'))`;

const question = `SELECT
  ARRAY(SELECT concat(r.plan_name, ' ', r.kind, ' ', r.state, ' ', r.paused_reason, ' owner ', r.owner, ': ', r.current_step)
    FROM recovery r WHERE r.ended_at IS NULL AND NOT ${isBlocked}
    UNION ALL SELECT concat('cycle of ', g.name, ' owner ', c.owner) FROM replication_cycle c JOIN protection_group g ON g.id = c.group_id
      WHERE c.owner IS NOT NULL OR (c.next_at <= dr_now() AND ${isReplicated})
        OR (c.next_at = ${never} AND ${isReplicated}) OR (c.next_at < ${never} AND ${isSuspended})
    UNION ALL SELECT concat('no cycle of ', g.name) FROM protection_group g WHERE ${isReplicated}
      AND NOT EXISTS (SELECT FROM replication_cycle c WHERE c.group_id = g.id)) AS what,
  EXISTS (SELECT FROM lab.fault WHERE action IN ('HOLD_BEFORE', 'HOLD_AFTER') AND arrived > 0 AND NOT released)
    OR EXISTS (SELECT FROM recovery_step s JOIN recovery r ON r.id = s.run_id
      JOIN recovery_step m ON m.run_id = s.run_id AND m.vm_id = s.vm_id AND m.kind = 'REGISTER_VM' JOIN lab.vm v ON v.id = m.result ->> 'vmId'
      WHERE r.ended_at IS NULL AND s.kind = 'READY_CHECK' AND s.status = 'RUNNING' AND (NOT lab.is_on(v, lab.now())
        OR EXISTS (SELECT FROM lab.fault f WHERE f.action IN ('REFUSE_ALL', 'SILENCE_ALL') AND f.site_id = v.site_id))) AS held,
  (SELECT concat(count(*), '/', sum(r.last_event), '/', sum(r.epoch)) FROM recovery r) AS stamp`;

/** A run that is held has come as far as it comes when it has written nothing for so long. */
const heldMs = 150;
const patienceMs = 15_000;

export async function settle(world: World): Promise<void> {
  const { pool } = world.db.database;
  const start = performance.now();
  let last = { stamp: "", at: start };
  for (;;) {
    await world.nodes.replace();
    const { rows } = await pool.query<Moving>({ name: "model-moving", text: question });
    const [found] = rows;
    const now = performance.now();
    if (found === undefined || found.what.length === 0) return;
    if (found.stamp !== last.stamp) last = { stamp: found.stamp, at: now };
    if (found.held && now - last.at > heldMs) return;
    if (now - start > patienceMs) throw new Error(`Nothing moves any more: ${found.what.join("; ")}`);
    await delay(4);
  }
}
