/**
 * What decides which operations a plan allows now, for many plans in a constant number of statements. Lists read it through a loader;
 * mutations read it again while they hold the plan's and the pair's rows. `service-refusals.ts` decides by it.
 */
import type pg from "pg";
import type { ConnectionState, PlanLifecycle, ProtectionGroupState, RecoveryState } from "../../../database/generated/enums.ts";
import { anyOf } from "../../../database/list-parameter.ts";
import { together } from "../../../database/together.ts";
import { NotFoundError } from "../../errors.ts";
import { encodeId } from "../../ids.ts";
import { nicWasThere } from "../../inventory/loaders-configuration.ts";
import type { OpenRun } from "./open-runs.ts";

/** A run, and what it has been told. */
export interface RunFacts extends OpenRun {
  /** Of its plan; null: it works on a protection group, or its plan is no more. */
  readonly lifecycle: PlanLifecycle | null;
  readonly state: RecoveryState;
  readonly ended: boolean;
  /** By somebody, or by a prompt's answer. */
  readonly cancelRequested: boolean;
  /** It ends for a disaster run that goes on with it. */
  readonly switchRequested: boolean;
  readonly pauseRequested: boolean;
  /** It is PAUSED because a step has failed. */
  readonly stepFailed: boolean;
  /** It waits at a pause step. */
  readonly atPauseStep: boolean;
}

/** A protection group with the run that has it: one that is open, or a test that has not been cleaned up. */
export interface GroupFacts {
  readonly id: string;
  readonly name: string;
  readonly state: ProtectionGroupState;
  readonly protectedSiteId: string;
  readonly protectedSiteName: string;
  readonly recoverySiteId: string;
  readonly recoverySiteName: string;
  readonly recoverySiteState: ConnectionState;
  /** There is something to go back to at its recovery site. */
  readonly hasCompletePoint: boolean;
  /** Its VMs that have a placeholder. */
  readonly configuredVms: number;
  readonly use: (OpenRun & { readonly open: boolean }) | null;
}

/** Adapters of the plan's VMs whose network has no mapping: the first few by name, and how many there are. */
export interface UnmappedNetworks {
  readonly first: readonly { readonly vmName: string; readonly networkName: string }[];
  readonly count: number;
}

export interface PlanFacts {
  readonly id: string;
  readonly name: string;
  readonly lifecycle: PlanLifecycle;
  readonly pairingId: string;
  /** Its run that is under way, else its newest; null: it never ran. */
  readonly run: RunFacts | null;
  /** What keeps a test from being started on its pair of sites. */
  readonly pairRun: OpenRun | null;
  readonly hasTest: boolean;
  /** It has a test that nobody has cleaned up after. */
  readonly hasUncleanedTest: boolean;
  /** Kind of its newest planned or disaster recovery. */
  readonly lastRecoveryKind: "PLANNED" | "DISASTER" | null;
  /** The site that it went to; null: the plan is not recovered now. */
  readonly recoveredTo: string | null;
  /** Groups that its reprotect, which is under way, has turned round: they are replicated the other way and have been copied once. */
  readonly turnedGroups: number;
  /** How many of its VMs run at the recovery site, and are not protected there. */
  readonly recoveredVms: number;
  /** Names of its recovered VMs whose original runs as well, also where it is decided which one goes off. */
  readonly bothRunning: readonly string[];
  /** How much a forced cleanup has left that is still there. */
  readonly leftovers: number;
  readonly groups: readonly GroupFacts[];
  /** Of the test with the oldest leftovers. */
  readonly groupsOfLeftovers: readonly GroupFacts[];
  readonly unmapped: UnmappedNetworks;
}

/** Kinds of runs that work on a pair as a whole: no test starts beside them. */
const kindsOfPair = `('TEST', 'PLANNED', 'DISASTER', 'REPROTECT')`;

const openRun = `r.id AS "recoveryId", t.id AS "taskId", r.kind, r.plan_id AS "planId", r.plan_name AS "planName"`;
const runs = "recovery r LEFT JOIN task t ON t.recovery_id = r.id";

const group = `g.id, g.name, g.state, g.protected_site_id AS "protectedSiteId", g.recovery_site_id AS "recoverySiteId",
  (SELECT name FROM site WHERE id = g.protected_site_id) AS "protectedSiteName", s.name AS "recoverySiteName", s.state AS "recoverySiteState",
  EXISTS (SELECT FROM recovery_point q WHERE q.group_id = g.id AND q.complete) AS "hasCompletePoint",
  (SELECT count(*)::int4 FROM protected_vm v WHERE v.group_id = g.id AND v.placeholder_external_id IS NOT NULL) AS "configuredVms",
  (SELECT row_to_json(x) FROM (SELECT ${openRun}, r.ended_at IS NULL AS open
    FROM group_use u JOIN ${runs} ON r.id = u.run_id WHERE u.group_id = g.id) x) AS use`;

const oldestLeftover = `SELECT l.run_id FROM leftover l JOIN recovery r ON r.id = l.run_id
  WHERE l.plan_id = p.id AND l.gone_at IS NULL AND r.kind = 'TEST' ORDER BY l.found_at, r.requested_at, r.id LIMIT 1`;

/** Tests that have ended, and no cleanup of which has ended well; a forced one has. */
export const uncleanedTests = (planId: string): string => `SELECT r.id, r.requested_at FROM recovery r
  JOIN recovery_snapshot s ON s.run_id = r.id WHERE r.plan_id = ${planId} AND r.kind = 'TEST' AND r.ended_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM recovery c WHERE c.cleans_up_id = r.id AND c.result_state IN ('SUCCESS', 'WARNING'))`;

/** `from` and `to`: the ids of the sites that a plan's newest real recovery was between. */
export const lastRecoverySites = (
  planId: string,
): string => `SELECT jsonb_build_object('from', x."protectedSite" -> 'id', 'to', x."recoverySite" -> 'id')
  FROM (SELECT s.content FROM recovery last JOIN recovery_snapshot s ON s.run_id = last.id
    WHERE last.plan_id = ${planId} AND last.kind IN ('PLANNED', 'DISASTER') ORDER BY last.requested_at DESC, last.id DESC LIMIT 1) newest,
  json_to_record(newest.content) AS x("protectedSite" json, "recoverySite" json)`;

/** Steps are read of no other: they may be a hundred thousand. */
const openReprotect = "r.plan_id = p.id AND r.ended_at IS NULL AND r.kind = 'REPROTECT'";
const stepsOfGroup = "SELECT FROM recovery_step s WHERE s.run_id = r.id AND s.group_id = g.group_id";
const copiedBack = `${stepsOfGroup} AND s.kind = 'SYNCHRONISE' AND s.status IN ('SUCCEEDED', 'ALREADY_DONE')`;
const notTurned = `${stepsOfGroup} AND s.kind <> 'REVERSE_GROUP' AND s.status NOT IN ('SUCCEEDED', 'WARNING', 'ALREADY_DONE')`;

const statements = {
  plans: `SELECT p.id, p.name, p.lifecycle, p.pairing_id AS "pairingId",
      (SELECT row_to_json(x) FROM (SELECT ${openRun}, p.lifecycle, r.ended_at IS NOT NULL AS ended, r.state,
          (r.cancel_requested_at IS NOT NULL OR r.state = 'CANCELLING') AS "cancelRequested", r.switch_requested_at IS NOT NULL AS "switchRequested",
          r.pause_requested_at IS NOT NULL AS "pauseRequested",
          (r.state = 'PAUSED' AND r.paused_reason = 'STEP_FAILED') IS TRUE AS "stepFailed",
          r.state <> 'RUNNING'
            AND EXISTS (SELECT FROM recovery_step s WHERE s.run_id = r.id AND s.status = 'WAITING' AND s.kind = 'PAUSE') AS "atPauseStep"
        FROM ${runs} WHERE r.plan_id = p.id ORDER BY r.ended_at IS NULL DESC, r.requested_at DESC, r.id DESC LIMIT 1) x) AS run,
      (SELECT row_to_json(x) FROM (SELECT ${openRun} FROM ${runs} WHERE r.pairing_id = p.pairing_id AND r.ended_at IS NULL
        AND r.kind IN ${kindsOfPair} ORDER BY r.kind = 'TEST', r.requested_at, r.id LIMIT 1) x) AS "pairRun",
      EXISTS (SELECT FROM recovery r JOIN recovery_snapshot s ON s.run_id = r.id WHERE r.plan_id = p.id AND r.kind = 'TEST') AS "hasTest",
      EXISTS (${uncleanedTests("p.id")}) AS "hasUncleanedTest",
      (SELECT r.kind FROM recovery r WHERE r.plan_id = p.id AND r.kind IN ('PLANNED', 'DISASTER')
        ORDER BY r.requested_at DESC, r.id DESC LIMIT 1) AS "lastRecoveryKind",
      CASE WHEN p.lifecycle IN ('RECOVERY_COMPLETE', 'REPROTECT_IN_PROGRESS', 'REPROTECT_INCOMPLETE')
        THEN (${lastRecoverySites("p.id")}) ->> 'to' END AS "recoveredTo",
      CASE WHEN EXISTS (SELECT FROM recovery r WHERE ${openReprotect}) THEN (SELECT count(*)::int4 FROM recovery r JOIN recovery_group g ON g.run_id = r.id
        WHERE ${openReprotect} AND EXISTS (${copiedBack}) AND NOT EXISTS (${notTurned})) ELSE 0 END AS "turnedGroups",
      (SELECT count(*)::int4 FROM plan_protection_group m JOIN recovered_vm c ON c.group_id = m.group_id WHERE m.plan_id = p.id) AS "recoveredVms",
      ARRAY(SELECT v.name FROM plan_protection_group m JOIN recovered_vm c ON c.group_id = m.group_id JOIN virtual_machine v ON v.id = c.vm_id
        WHERE m.plan_id = p.id AND c.both_on_since IS NOT NULL ORDER BY v.name) AS "bothRunning",
      (SELECT count(*)::int4 FROM leftover l JOIN recovery r ON r.id = l.run_id
        WHERE l.plan_id = p.id AND l.gone_at IS NULL AND r.kind = 'TEST') AS leftovers
    FROM recovery_plan p WHERE p.id = ${anyOf("$1")}`,
  groups: `SELECT m.plan_id AS "forPlanId", ${group} FROM plan_protection_group m JOIN protection_group g ON g.id = m.group_id
      JOIN site s ON s.id = g.recovery_site_id
    WHERE m.plan_id = ${anyOf("$1")} ORDER BY g.name, g.id`,
  groupsOfLeftovers: `SELECT p.id AS "forPlanId", ${group} FROM recovery_plan p CROSS JOIN LATERAL (${oldestLeftover}) AS test
      JOIN recovery_group m ON m.run_id = test.run_id JOIN protection_group g ON g.id = m.group_id JOIN site s ON s.id = g.recovery_site_id
    WHERE p.id = ${anyOf("$1")} ORDER BY g.name, g.id`,
  // In three steps: ten tables in one take PostgreSQL longer to plan than to read.
  unmapped: `WITH adapter AS MATERIALIZED (
      SELECT m.plan_id, p.pairing_id, g.recovery_site_id, g.turned, e.vm_id, c.nic_index, c.network_id
      FROM plan_protection_group m JOIN recovery_plan p ON p.id = m.plan_id JOIN protection_group g ON g.id = m.group_id
        JOIN protected_vm e ON e.group_id = g.id AND e.placeholder_external_id IS NOT NULL JOIN vm_nic c ON c.vm_id = e.vm_id
      WHERE m.plan_id = ${anyOf("$1")}),
    unmapped AS MATERIALIZED (
      SELECT c.plan_id, c.vm_id, c.nic_index, c.network_id FROM adapter c JOIN site r ON r.id = c.recovery_site_id
      WHERE NOT EXISTS (SELECT FROM network_mapping x WHERE x.pairing_id = c.pairing_id AND x.source_network_id = c.network_id)
        AND NOT EXISTS (SELECT FROM vm_network_mapping x JOIN network t ON t.id = x.target_network_id
          WHERE x.vm_id = c.vm_id AND x.source_network_id = c.network_id AND t.site_id = r.id)
        AND NOT (${nicWasThere("c.vm_id", "c.turned")}))
    SELECT "forPlanId", "vmName", "networkName", count FROM (
      SELECT u.plan_id AS "forPlanId", v.name AS "vmName", n.name AS "networkName", (count(*) OVER plan)::int4 AS count,
        row_number() OVER (plan ORDER BY v.name, v.id, u.nic_index) AS place
      FROM unmapped u JOIN virtual_machine v ON v.id = u.vm_id JOIN network n ON n.id = u.network_id
      WINDOW plan AS (PARTITION BY u.plan_id)) AS missing
    WHERE place <= 5 ORDER BY "forPlanId", place`,
} as const;

type Queryable = Pick<pg.ClientBase, "query">;
type OfPlan = { readonly forPlanId: string };
type PlanRow = Omit<PlanFacts, "groups" | "groupsOfLeftovers" | "unmapped">;
type UnmappedRow = UnmappedNetworks["first"][number] & { readonly count: number };

/** Those of the plans that exist, in no order. Sent together: what waits for each answer, waits for the machine's cores each time. */
export async function readPlanFacts(database: Queryable, planIds: readonly string[]): Promise<PlanFacts[]> {
  const read = async <R extends pg.QueryResultRow>(name: keyof typeof statements) =>
    (await database.query<R>({ name: `plan-facts-${name}`, text: statements[name], values: [planIds] })).rows;
  const readByPlan = async <R extends OfPlan>(name: keyof typeof statements) =>
    Map.groupBy(await read<R & pg.QueryResultRow>(name), ({ forPlanId }) => forPlanId);
  const [plans, groups, groupsOfLeftovers, unmapped] = await together([
    read<PlanRow>("plans"),
    readByPlan<GroupFacts & OfPlan>("groups"),
    readByPlan<GroupFacts & OfPlan>("groupsOfLeftovers"),
    readByPlan<UnmappedRow & OfPlan>("unmapped"),
  ]);
  return plans.map((plan) => ({
    ...plan,
    groups: groups.get(plan.id) ?? [],
    groupsOfLeftovers: groupsOfLeftovers.get(plan.id) ?? [],
    unmapped: { first: unmapped.get(plan.id) ?? [], count: unmapped.get(plan.id)?.[0]?.count ?? 0 },
  }));
}

/** NotFoundError when there is none. */
export async function planFacts(database: Queryable, planId: string): Promise<PlanFacts> {
  const [facts] = await readPlanFacts(database, [planId]);
  if (facts === undefined) throw new NotFoundError("RecoveryPlan", encodeId("RecoveryPlan", planId));
  return facts;
}

/** The run that is under way, if one is. */
export const openRunOf = ({ run }: Pick<PlanFacts, "run">): RunFacts | null => (run === null || run.ended ? null : run);
