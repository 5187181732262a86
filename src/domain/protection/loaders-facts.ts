/** What decides which operations a group allows: read in batches to be shown, and for one group while a mutation holds its row. */
import type pg from "pg";
import type { Database } from "../../database/database.ts";
import type { ConnectionState, PlanLifecycle, ProtectionGroupState, ProtectionGroupType } from "../../database/generated/enums.ts";
import type { RunKind } from "../../engine/model.ts";
import { batchedMany, batchedOne, type Gate } from "../batching.ts";

export interface GroupFacts {
  readonly id: string;
  readonly name: string;
  /** The provider's own name for the replicated set. */
  readonly externalId: string;
  readonly type: ProtectionGroupType;
  readonly state: ProtectionGroupState;
  readonly version: number;
  readonly faultMessage: string | null;
  readonly protectedSiteId: string;
  readonly protectedSiteName: string;
  readonly protectedSiteState: ConnectionState;
  readonly recoverySiteId: string;
  readonly recoverySiteName: string;
  readonly recoverySiteState: ConnectionState;
  readonly vmCount: number;
  /** The first few, by name. */
  readonly vmNames: readonly string[];
  readonly planNames: readonly string[];
  /** It replicates datastores, and its VMs follow from them. */
  readonly hasStorageGroups: boolean;
  /** The run that has the group: an open one, or a test that has not been cleaned up. */
  readonly runId: string | null;
  readonly runKind: RunKind | null;
  readonly runOpen: boolean | null;
  readonly runPlanId: string | null;
  readonly runPlanName: string | null;
  readonly runPlanLifecycle: PlanLifecycle | null;
  readonly taskId: string | null;
}

const groupFacts = {
  name: "group-facts",
  text: `SELECT g.id, g.name, g.external_id AS "externalId", g.type, g.state, g.version, g.fault_message AS "faultMessage",
      p.id AS "protectedSiteId", p.name AS "protectedSiteName", p.state AS "protectedSiteState",
      s.id AS "recoverySiteId", s.name AS "recoverySiteName", s.state AS "recoverySiteState",
      (SELECT count(*)::int4 FROM protected_vm m WHERE m.group_id = g.id) AS "vmCount",
      ARRAY(SELECT v.name::text FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id WHERE m.group_id = g.id ORDER BY lower(v.name) LIMIT 5)
        AS "vmNames",
      ARRAY(SELECT l.name::text FROM plan_protection_group x JOIN recovery_plan l ON l.id = x.plan_id WHERE x.group_id = g.id ORDER BY lower(l.name))
        AS "planNames",
      EXISTS (SELECT FROM storage_group o WHERE o.group_id = g.id) AS "hasStorageGroups",
      r.id AS "runId", r.kind AS "runKind", r.ended_at IS NULL AS "runOpen", r.plan_id AS "runPlanId", r.plan_name AS "runPlanName",
      (SELECT l.lifecycle FROM recovery_plan l WHERE l.id = r.plan_id) AS "runPlanLifecycle", t.id AS "taskId"
    FROM protection_group g JOIN site p ON p.id = g.protected_site_id JOIN site s ON s.id = g.recovery_site_id
      LEFT JOIN group_use u ON u.group_id = g.id LEFT JOIN recovery r ON r.id = u.run_id LEFT JOIN task t ON t.recovery_id = r.id
    WHERE g.id = ANY($1::uuid[])`,
};

export async function readGroupFacts(client: Pick<pg.ClientBase, "query">, ids: readonly string[]): Promise<GroupFacts[]> {
  return (await client.query<GroupFacts>({ ...groupFacts, values: [ids] })).rows;
}

/** A VM that waits for another one at its start. */
export interface Dependent {
  readonly vmId: string;
  readonly name: string;
}

const dependents = {
  name: "vm-dependents",
  text: `SELECT d.depends_on_vm_id AS "vmId", v.name FROM vm_dependency d JOIN virtual_machine v ON v.id = d.vm_id
    WHERE d.depends_on_vm_id = ANY($1::uuid[]) ORDER BY lower(v.name), v.id`,
};

/** VMs that depend on these. */
export async function readDependents(client: Pick<pg.ClientBase, "query">, vmIds: readonly string[]): Promise<Dependent[]> {
  return (await client.query<Dependent>({ ...dependents, values: [vmIds] })).rows;
}

export function openGroupFactsLoaders({ pool }: Pick<Database, "pool">) {
  const factsOfGroup = batchedOne(
    (ids) => readGroupFacts(pool, ids),
    ({ id }) => id,
  );
  const dependentsOfVm = batchedMany(
    (ids) => readDependents(pool, ids),
    ({ vmId }) => vmId,
  );
  return (gate: Gate) => ({ factsOfGroup: factsOfGroup.loader(gate), dependentsOfVm: dependentsOfVm.loader(gate) });
}
