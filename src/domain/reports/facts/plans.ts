/** The plans of a report: what they are set to, and how they stand now. */
import type pg from "pg";
import type { PlanLifecycle } from "../../../database/generated/enums.ts";
import { planState } from "../../plans/loaders-state.ts";
import { type Scope, scopeCtes, valuesOf } from "./scope.ts";

export interface PlanFacts {
  readonly id: string;
  readonly name: string;
  readonly deleted: boolean;
  /** Of a deleted plan everything below is null or 0: nobody knows it any more. */
  readonly state: string | null;
  readonly lifecycle: PlanLifecycle | null;
  readonly rtoTargetSeconds: number | null;
  /** The strictest of its groups. */
  readonly rpoTargetSeconds: number | null;
  readonly groups: number;
  readonly groupsInTrouble: number;
  readonly vms: number;
  readonly vmsProtected: number;
  readonly leftovers: number;
  readonly sitesDisconnected: number;
  /** The end of its newest test that succeeded, whenever that was, up to the end of the range. */
  readonly lastGoodTestAt: Date | null;
  /** How its newest test that ended before the end of the range ended; a cancelled one says nothing. */
  readonly lastTestResult: string | null;
}

const member = "plan_protection_group m JOIN protection_group g ON g.id = m.group_id";
const vm = "plan_protection_group m JOIN protected_vm v ON v.group_id = m.group_id";
const tests = "recovery r WHERE r.plan_id = p.id AND r.kind = 'TEST' AND r.ended_at < $2 AND r.result_state <> 'CANCELLED'";

const text = `WITH ${scopeCtes}
  SELECT s.id, s.name, s.deleted, p.lifecycle, p.rto_target_seconds AS "rtoTargetSeconds",
    CASE WHEN p.id IS NOT NULL THEN ${planState} END AS state,
    (SELECT min(g.rpo_minutes) * 60 FROM ${member} WHERE m.plan_id = p.id) AS "rpoTargetSeconds",
    (SELECT count(*)::int4 FROM ${member} WHERE m.plan_id = p.id) AS groups,
    (SELECT count(*)::int4 FROM ${member} WHERE m.plan_id = p.id AND (g.state IN ('ERROR', 'NOT_READY') OR g.fault_code IS NOT NULL))
      AS "groupsInTrouble",
    (SELECT count(*)::int4 FROM ${vm} WHERE m.plan_id = p.id) AS vms,
    (SELECT count(*)::int4 FROM ${vm} WHERE m.plan_id = p.id AND v.protection_state = 'SHADOWING') AS "vmsProtected",
    (SELECT count(*)::int4 FROM leftover l WHERE l.plan_id = p.id AND l.gone_at IS NULL) AS leftovers,
    (SELECT count(*)::int4 FROM site_pairing i JOIN site x ON x.id IN (i.local_site_id, i.remote_site_id)
      WHERE i.id = p.pairing_id AND x.state = 'DISCONNECTED') AS "sitesDisconnected",
    (SELECT max(r.ended_at) FROM ${tests} AND r.result_state IN ('SUCCESS', 'WARNING')) AS "lastGoodTestAt",
    (SELECT r.result_state FROM ${tests} ORDER BY r.ended_at DESC, r.id DESC LIMIT 1) AS "lastTestResult"
  FROM scope s LEFT JOIN recovery_plan p ON p.id = s.id AND NOT s.deleted
  ORDER BY lower(s.name), s.deleted, s.id`;

/** By name; deleted plans behind the others of their name. */
export async function readPlans(client: Pick<pg.ClientBase, "query">, scope: Scope): Promise<PlanFacts[]> {
  return (await client.query<PlanFacts>({ text, values: valuesOf(scope) })).rows;
}
