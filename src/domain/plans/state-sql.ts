/** What a plan's state is computed from, as SQL. */
import { configurationReasons } from "../inventory/loaders-configuration.ts";

/**
 * FROM and WHERE of what plans' VMs use and has no mapping, by the rule that decides whether a VM needs configuration: `pg` is the plan's row
 * of plan_protection_group, `missing` has kind and name. Members without a placeholder can't be recovered anyway.
 */
export const unmappedOfPlans = `plan_protection_group pg JOIN protected_vm m ON m.group_id = pg.group_id AND m.placeholder_external_id IS NOT NULL
    JOIN virtual_machine v ON v.id = m.vm_id CROSS JOIN LATERAL (SELECT reason.kind, reason.name ${configurationReasons}) AS missing
  WHERE missing.kind IN ('NETWORK', 'FOLDER', 'RESOURCE_POOL')`;
