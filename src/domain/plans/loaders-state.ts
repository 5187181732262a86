/** What a plan's state is computed from, as SQL. */
import { configurationReasons, maybeUnmapped, samePair } from "../inventory/loaders-configuration.ts";

const mappedKinds = "('NETWORK', 'FOLDER', 'RESOURCE_POOL')";

/**
 * FROM and WHERE of what plans' VMs use and has no mapping, by the rule that decides whether a VM needs configuration: `pg` is the plan's row
 * of plan_protection_group, `missing` has kind and name. Members without a placeholder can't be recovered anyway.
 */
const unmappedOfPlans = `plan_protection_group pg JOIN protected_vm m ON m.group_id = pg.group_id AND m.placeholder_external_id IS NOT NULL
    JOIN virtual_machine v ON v.id = m.vm_id CROSS JOIN LATERAL (SELECT reason.kind, reason.name ${configurationReasons}) AS missing
  WHERE missing.kind IN ${mappedKinds}`;

/**
 * Of some plans (their ids are $1), for whoever shows them: the rule itself, asked of those VMs only that use a place without a mapping. VMs
 * share a few places, so that these are looked up once for each pair. An id that nothing has stands for no pair.
 */
export const unmappedText = `WITH used AS MATERIALIZED (
    SELECT pg.plan_id, m.vm_id, coalesce(i.id, '00000000-0000-0000-0000-000000000000') AS pair, place.id AS place
    FROM plan_protection_group pg JOIN protection_group g ON g.id = pg.group_id LEFT JOIN site_pairing i ON ${samePair}
      JOIN protected_vm m ON m.group_id = g.id AND m.placeholder_external_id IS NOT NULL JOIN virtual_machine v ON v.id = m.vm_id
      CROSS JOIN LATERAL (SELECT v.folder_id UNION ALL SELECT v.resource_pool_id UNION ALL SELECT c.network_id FROM vm_nic c WHERE c.vm_id = m.vm_id) AS place (id)
    WHERE pg.plan_id = ANY($1::uuid[]) AND place.id IS NOT NULL
  ), gap AS MATERIALIZED (
    SELECT u.pair, u.place FROM (SELECT DISTINCT pair, place FROM used) AS u
    WHERE NOT EXISTS (SELECT FROM network_mapping x WHERE x.pairing_id = u.pair AND x.source_network_id = u.place)
      AND NOT EXISTS (SELECT FROM folder_mapping x WHERE x.pairing_id = u.pair AND x.source_folder_id = u.place)
      AND NOT EXISTS (SELECT FROM resource_mapping x WHERE x.pairing_id = u.pair AND x.source_resource_pool_id = u.place)
  )
  SELECT DISTINCT u.plan_id AS "planId", lower(replace(missing.kind, '_', ' ')) AS kind, missing.name
  FROM (SELECT DISTINCT plan_id, vm_id FROM used JOIN gap USING (pair, place)) AS u
    JOIN protected_vm m ON m.vm_id = u.vm_id JOIN virtual_machine v ON v.id = u.vm_id CROSS JOIN LATERAL (SELECT reason.kind, reason.name ${configurationReasons}) AS missing
  WHERE missing.kind IN ${mappedKinds} ORDER BY 2, 3`;

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
  `(p.id IN (SELECT x.plan_id FROM (${maybeUnmapped}) AS u JOIN plan_protection_group x ON x.group_id = u.group_id)
    AND EXISTS (SELECT FROM ${unmappedOfPlans} AND pg.plan_id = p.id))`,
];

const isPrompting = "EXISTS (SELECT FROM recovery r WHERE r.plan_id = p.id AND r.ended_at IS NULL AND r.state = 'PROMPTING')";
const isRunning = "p.lifecycle IN ('TEST_IN_PROGRESS', 'CLEANUP_IN_PROGRESS', 'RECOVERY_IN_PROGRESS', 'REPROTECT_IN_PROGRESS')";
const isIncomplete = "p.lifecycle IN ('CLEANUP_INCOMPLETE', 'RECOVERY_INCOMPLETE', 'REPROTECT_INCOMPLETE')";
const isNotReady = `(${notReady.join("\n      OR ")})`;

/**
 * The state of a plan `p`, a row of recovery_plan: what `stateOf` says of it, for a list's filter, which has to count by it. A test holds
 * the two together.
 */
export const planState = `CASE
    WHEN ${isPrompting} THEN 'PROMPTING'
    WHEN ${isRunning} THEN 'RUNNING'
    WHEN ${isIncomplete} THEN 'ERROR'
    WHEN ${isNotReady} THEN 'NOT_READY'
    ELSE 'READY' END`;

/** Whether a plan `p` has this state, of which no more is looked at than that takes. */
export const hasPlanState = (state: string): string => `CASE ${state}
    WHEN 'PROMPTING' THEN ${isPrompting}
    WHEN 'RUNNING' THEN ${isRunning} AND NOT ${isPrompting}
    WHEN 'ERROR' THEN ${isIncomplete} AND NOT ${isPrompting}
    ELSE NOT (${isRunning} OR ${isIncomplete}) AND NOT ${isPrompting} AND ${isNotReady} = (${state} = 'NOT_READY') END`;
