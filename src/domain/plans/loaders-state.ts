/** What a plan's state is computed from, as SQL. */
import { configurationReasons } from "../inventory/loaders-configuration.ts";

/**
 * FROM and WHERE of what plans' VMs use and has no mapping, by the rule that decides whether a VM needs configuration: `pg` is the plan's row
 * of plan_protection_group, `missing` has kind and name. Members without a placeholder can't be recovered anyway.
 */
export const unmappedOfPlans = `plan_protection_group pg JOIN protected_vm m ON m.group_id = pg.group_id AND m.placeholder_external_id IS NOT NULL
    JOIN virtual_machine v ON v.id = m.vm_id CROSS JOIN LATERAL (SELECT reason.kind, reason.name ${configurationReasons}) AS missing
  WHERE missing.kind IN ('NETWORK', 'FOLDER', 'RESOURCE_POOL')`;

const groupsOf = "plan_protection_group pg JOIN protection_group g ON g.id = pg.group_id WHERE pg.plan_id = p.id";

/** Each is a fault that keeps a plan from being started, as `faultsOf` finds them. */
const notReady = [
  "p.lifecycle <> 'READY'",
  `NOT EXISTS (SELECT FROM plan_protection_group pg JOIN protected_vm m ON m.group_id = pg.group_id
    WHERE pg.plan_id = p.id AND m.placeholder_external_id IS NOT NULL)`,
  `EXISTS (SELECT FROM ${groupsOf} HAVING count(DISTINCT (g.protected_site_id, g.recovery_site_id)) > 1)`,
  `EXISTS (SELECT FROM ${groupsOf} AND g.state IN ('RECOVERED', 'PARTIALLY_RECOVERED', 'ERROR', 'NOT_READY'))`,
  `EXISTS (SELECT FROM plan_protection_group pg JOIN group_use u ON u.group_id = pg.group_id JOIN recovery r ON r.id = u.run_id
    WHERE pg.plan_id = p.id AND r.plan_id IS DISTINCT FROM p.id)`,
  `EXISTS (SELECT FROM site_pairing i JOIN site s ON s.id IN (i.local_site_id, i.remote_site_id)
    WHERE i.id = p.pairing_id AND s.state = 'DISCONNECTED')`,
  `EXISTS (SELECT FROM plan_protection_group pg JOIN recovered_vm c ON c.group_id = pg.group_id
    WHERE pg.plan_id = p.id AND c.original_off_since IS NULL)`,
  `EXISTS (SELECT FROM ${unmappedOfPlans} AND pg.plan_id = p.id)`,
];

/**
 * The state of a plan `p`, a row of recovery_plan: what `stateOf` says of it, for a list's filter, which has to count by it. A test holds
 * the two together.
 */
export const planState = `CASE
    WHEN EXISTS (SELECT FROM recovery r WHERE r.plan_id = p.id AND r.ended_at IS NULL AND r.state = 'PROMPTING') THEN 'PROMPTING'
    WHEN p.lifecycle IN ('TEST_IN_PROGRESS', 'CLEANUP_IN_PROGRESS', 'RECOVERY_IN_PROGRESS', 'REPROTECT_IN_PROGRESS') THEN 'RUNNING'
    WHEN p.lifecycle IN ('CLEANUP_INCOMPLETE', 'RECOVERY_INCOMPLETE', 'REPROTECT_INCOMPLETE') THEN 'ERROR'
    WHEN ${notReady.join("\n      OR ")} THEN 'NOT_READY'
    ELSE 'READY' END`;
