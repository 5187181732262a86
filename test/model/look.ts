/** How things stand at one moment: what the product says of its plans, and what is at the sites in truth. */
import type { Written } from "../../src/providers/lab/lab.ts";
import type { World } from "./world.ts";

export interface PlanLook {
  readonly id: string;
  readonly name: string;
  readonly lifecycle: string;
  readonly state: string;
  readonly faults: readonly string[];
  /** By operation: null, it is allowed; else the code of the refusal. */
  readonly operations: ReadonlyMap<string, string | null>;
  readonly groupIds: readonly string[];
}

export interface GroupLook {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly protectedSiteId: string;
  readonly recoverySiteId: string;
  readonly externalId: string;
  /** The run that has it. */
  readonly usedBy: string | null;
}

export interface VmLook {
  readonly id: string;
  readonly name: string;
  readonly groupId: string;
  readonly siteId: string;
  readonly protectionState: string;
  /** The machine that counts, by the product's word: its copy, once that is recovered. */
  readonly machineId: string;
  /** Null: it is not recovered. */
  readonly recovered: {
    readonly originalId: string;
    readonly runId: string;
    readonly offSince: Date | null;
    readonly bothOnSince: Date | null;
  } | null;
}

export interface RunLook {
  readonly id: string;
  readonly planId: string;
  readonly kind: string;
  readonly state: string;
  readonly pausedReason: string | null;
  readonly ended: boolean;
  readonly resultState: string | null;
  readonly cleansUpId: string | null;
  readonly rerunOfId: string | null;
  readonly requestedAt: Date;
  readonly cancelRequested: boolean;
  readonly pauseRequested: boolean;
  readonly rpoAchievedSeconds: number | null;
  readonly force: boolean;
  /** Somebody has taken it as it is. */
  readonly accepted: boolean;
  /** It tells that originals may be running: a person has accepted it, or skipped a step, or a site would not. */
  readonly doubts: boolean;
  /** Steps that a person has skipped. */
  readonly skipped: number;
  readonly openPrompts: readonly string[];
  /** Ordinals of leaves that have failed. */
  readonly failed: readonly number[];
}

/** A VM at a site, in truth. */
export interface Machine {
  readonly id: string;
  readonly siteId: string;
  readonly name: string;
  /** The run whose test has made it; null: it is there for good. */
  readonly runId: string | null;
  /** The machine that it was copied from. */
  readonly sourceId: string | null;
  readonly on: boolean;
  readonly removed: boolean;
  readonly content: readonly Written[];
}

export interface Look {
  readonly plans: readonly PlanLook[];
  readonly groups: readonly GroupLook[];
  readonly vms: readonly VmLook[];
  readonly runs: readonly RunLook[];
  readonly machines: ReadonlyMap<string, Machine>;
  /** State by the site's id. */
  readonly siteStates: ReadonlyMap<string, string>;
}

const plansText = `{ recoveryPlans(first: 10) { nodes { id name lifecycle state faults { code } allowedOperations { operation allowed code } } } }`;

const provingKinds = "('FENCE_SITE', 'SHUT_DOWN_VM', 'SET_STORAGE_READ_ONLY')";

const rowsText = `SELECT
  (SELECT jsonb_agg(x) FROM (SELECT g.id, g.name, g.state, g.protected_site_id AS "protectedSiteId", g.recovery_site_id AS "recoverySiteId",
      g.external_id AS "externalId", (SELECT u.run_id FROM group_use u WHERE u.group_id = g.id) AS "usedBy" FROM protection_group g ORDER BY g.name) x) AS groups,
  (SELECT jsonb_agg(x) FROM (SELECT m.plan_id AS "planId", m.group_id AS "groupId" FROM plan_protection_group m) x) AS members,
  (SELECT jsonb_object_agg(s.id, s.state) FROM site s) AS "siteStates"`;

const vmsText = `SELECT v.id, v.name, m.group_id AS "groupId", v.site_id AS "siteId", m.protection_state AS "protectionState",
    coalesce(r.recovered_external_id, v.external_id) AS "machineId",
    r.original_external_id AS "originalId", r.run_id AS "runId", r.original_off_since AS "offSince", r.both_on_since AS "bothOnSince"
  FROM protected_vm m JOIN virtual_machine v ON v.id = m.vm_id LEFT JOIN recovered_vm r ON r.vm_id = v.id ORDER BY v.name`;

const runsText = `SELECT r.id, r.plan_id AS "planId", r.kind, r.state, r.paused_reason AS "pausedReason", r.ended_at IS NOT NULL AS ended,
    r.result_state AS "resultState", r.cleans_up_id AS "cleansUpId", r.rerun_of_id AS "rerunOfId", r.requested_at AS "requestedAt",
    r.cancel_requested_at IS NOT NULL AS "cancelRequested", r.pause_requested_at IS NOT NULL AS "pauseRequested",
    r.rpo_achieved_seconds AS "rpoAchievedSeconds", coalesce((r.options ->> 'force')::boolean, false) AS force,
    r.accepted_at IS NOT NULL AS accepted,
    coalesce(s.content -> 'options' ->> 'unfencedAcceptedBy', '') <> '' OR EXISTS (SELECT FROM recovery_step p WHERE p.run_id = r.id
      AND p.kind IN ${provingKinds} AND p.status IN ('WARNING', 'SKIPPED', 'FAILED')) AS doubts,
    (SELECT count(*)::int4 FROM recovery_step p WHERE p.run_id = r.id AND p.result ? 'skippedBy') AS skipped,
    ARRAY(SELECT p.id FROM recovery_prompt p WHERE p.run_id = r.id AND p.answer IS NULL AND p.withdrawn_at IS NULL ORDER BY p.ordinal)::text[] AS "openPrompts",
    ARRAY(SELECT p.ordinal FROM recovery_step p WHERE p.run_id = r.id AND p.status = 'FAILED'
      AND NOT EXISTS (SELECT FROM recovery_step c WHERE c.run_id = p.run_id AND c.parent = p.ordinal) ORDER BY p.ordinal) AS failed
  FROM recovery r LEFT JOIN recovery_snapshot s ON s.run_id = r.id WHERE r.plan_id IS NOT NULL ORDER BY r.requested_at, r.id`;

const machinesText = `SELECT v.id, v.site_id AS "siteId", v.name, v.run_id AS "runId", v.source_vm_id AS "sourceId", lab.is_on(v, c.now) AS on,
    coalesce(v.removed_at <= c.now, false) AS removed, lab.content_at(v, c.now) AS content
  FROM (SELECT lab.now() AS now) c, lab.vm v`;

interface Rows {
  readonly groups: readonly GroupLook[];
  readonly members: readonly { readonly planId: string; readonly groupId: string }[];
  readonly siteStates: Readonly<Record<string, string>>;
}

interface VmRow extends Omit<VmLook, "recovered"> {
  readonly originalId: string | null;
  readonly runId: string | null;
  readonly offSince: Date | null;
  readonly bothOnSince: Date | null;
}

export async function lookAt({ client, db, planIds, gid }: World): Promise<Look> {
  const { pool } = db.database;
  const [told, rows, vms, runs, machines] = await Promise.all([
    client.ask(plansText),
    pool.query<Rows>({ name: "model-rows", text: rowsText }),
    pool.query<VmRow>({ name: "model-vms", text: vmsText }),
    pool.query<RunLook>({ name: "model-runs", text: runsText }),
    pool.query<Machine>({ name: "model-machines", text: machinesText }),
  ]);
  const [row] = rows.rows;
  if (row === undefined) throw new Error("There is nothing to look at");
  const plans: PlanLook[] = planIds.map((id) => {
    const plan = told.recoveryPlans.nodes.find((node: { id: string }) => node.id === gid("RecoveryPlan", id));
    return {
      id,
      name: plan.name,
      lifecycle: plan.lifecycle,
      state: plan.state,
      faults: plan.faults.map(({ code }: { code: string }) => code),
      operations: new Map(
        plan.allowedOperations.map((one: { operation: string; allowed: boolean; code: string }) => [
          one.operation,
          one.allowed ? null : one.code,
        ]),
      ),
      groupIds: row.members.filter(({ planId }) => planId === id).map(({ groupId }) => groupId),
    };
  });
  return {
    plans,
    groups: row.groups,
    vms: vms.rows.map(({ originalId, runId, offSince, bothOnSince, ...vm }) => ({
      ...vm,
      recovered: originalId === null || runId === null ? null : { originalId, runId, offSince, bothOnSince },
    })),
    runs: runs.rows,
    machines: new Map(machines.rows.map((machine) => [machine.id, machine])),
    siteStates: new Map(Object.entries(row.siteStates)),
  };
}

export const openRunOf = ({ runs }: Look, planId: string): RunLook | null =>
  runs.find((run) => run.planId === planId && !run.ended) ?? null;
