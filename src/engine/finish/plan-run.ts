/** The end of a plan's run: the plan's lifecycle, its groups, and what a test left. */
import { updatedRows } from "../../events/changes.ts";
import type { StepState } from "../batch.ts";
import type { ResultState } from "../model.ts";
import type { CleanupSnapshot, TestSnapshot } from "../run-snapshot.ts";
import { endedColumns, endedCtes, endedEvents } from "./ended-run.ts";

/** Where a plan's lifecycle goes when a run of this kind ends (workflows.md, "Who holds which state"). */
function lifecycleAfter(kind: "TEST" | "CLEANUP", resultState: ResultState): "TEST_COMPLETE" | "CLEANUP_INCOMPLETE" | "READY" {
  if (kind === "TEST") return "TEST_COMPLETE";
  return resultState === "FAILED" ? "CLEANUP_INCOMPLETE" : "READY";
}

interface Leftover {
  readonly siteId: string;
  readonly kind: string;
  readonly externalId: string;
  readonly name: string;
}

/** What the leak audit named; null when it could not ask. */
function auditOf(steps: readonly StepState[]): Leftover[] | null {
  const result = steps.find(({ node }) => node.kind === "LEAK_AUDIT")?.result?.leftovers;
  return Array.isArray(result) ? result.filter(isLeftover) : null;
}

/** Without an audit, what the cleanup did not see removed is taken to be there still. */
function leftoversOf(steps: readonly StepState[]): Leftover[] {
  const audited = auditOf(steps);
  if (audited !== null) return audited;
  return steps.flatMap(({ node, status }): Leftover[] => {
    if (node.siteId === null || status === "SUCCEEDED" || status === "ALREADY_DONE") return [];
    const { siteId, name } = node;
    if (node.kind === "REMOVE_VM") return [{ siteId, kind: "VM", externalId: node.spec.vmId, name }];
    if (node.kind === "RESTORE_PLACEHOLDER") return [{ siteId, kind: "PLACEHOLDER_IN_USE", externalId: node.spec.placeholderId, name }];
    if (node.kind === "DISCARD_SNAPSHOT") return [{ siteId, kind: "SNAPSHOT", externalId: node.spec.snapshotId, name }];
    if (node.kind === "REMOVE_NETWORK") return [{ siteId, kind: "NETWORK", externalId: node.spec.networkId, name }];
    return [];
  });
}

const isLeftover = (value: unknown): value is Leftover =>
  typeof value === "object" &&
  value !== null &&
  ["siteId", "kind", "externalId", "name"].every((field) => typeof Reflect.get(value, field) === "string");

export function planValues(snapshot: TestSnapshot | CleanupSnapshot, resultState: ResultState, steps: readonly StepState[]) {
  const lifecycle = lifecycleAfter(snapshot.kind, resultState);
  const keepsPlan = snapshot.kind === "CLEANUP" && snapshot.keepsPlan === true;
  return {
    // Null: it stays as it is.
    lifecycle: keepsPlan ? null : lifecycle,
    groupState: lifecycle === "READY" ? "READY" : "TESTING",
    // A test holds its groups until it is cleaned up: its machines stand in their placeholders' places.
    frees: lifecycle === "READY",
    testRunId: snapshot.kind === "CLEANUP" ? snapshot.testRunId : null,
    leftovers: leftoversOf(steps),
    audited: auditOf(steps) !== null,
  };
}

/** No test starts beside another one on its pair of sites: now that it is over, other plans may be tested. */
const plansOfPair = `SELECT 'PLAN_CHANGED', o.id, 'UPDATED', o.name FROM z JOIN recovery_plan o ON o.pairing_id = z.pairing_id AND o.id <> z.plan_id
    WHERE z.kind <> 'CLEANUP'`;

export const planStatement = {
  name: "engine-finish-plan",
  text: `WITH f AS (
    SELECT * FROM jsonb_to_record($5::jsonb) AS x(${endedColumns}, lifecycle text, "groupState" text, frees boolean, "testRunId" uuid,
      leftovers jsonb, audited boolean)),
  ${endedCtes},
  p AS (
    UPDATE recovery_plan SET lifecycle = COALESCE(f.lifecycle::"PlanLifecycle", recovery_plan.lifecycle),
      last_test_at = CASE WHEN z.kind = 'TEST' THEN dr_now() ELSE last_test_at END,
      last_test_result = CASE WHEN z.kind = 'TEST' THEN f."resultState"::"ResultState" ELSE last_test_result END
    FROM z, f WHERE recovery_plan.id = z.plan_id RETURNING recovery_plan.id, recovery_plan.name),
  g AS (
    UPDATE protection_group SET state = f."groupState"::"ProtectionGroupState",
      last_test_at = CASE WHEN z.kind = 'TEST' THEN dr_now() ELSE last_test_at END
    FROM z, f WHERE protection_group.id IN (SELECT group_id FROM group_use WHERE run_id = z.id)
    RETURNING protection_group.id, protection_group.name),
  d AS (DELETE FROM group_use USING z, f WHERE group_use.run_id = z.id AND f.frees),
  n AS (DELETE FROM recovery_point_pin USING f WHERE recovery_point_pin.run_id = f."testRunId" AND f.frees AND EXISTS (SELECT 1 FROM z)),
  l AS (
    INSERT INTO leftover (id, plan_id, run_id, site_id, kind, external_id, name)
    SELECT DISTINCT ON (x."siteId", x.kind, x."externalId") gen_random_uuid(), z.plan_id, f."testRunId", x."siteId", x.kind, x."externalId", x.name
    FROM z, f, jsonb_to_recordset(f.leftovers) AS x("siteId" uuid, kind text, "externalId" text, name text)
    ON CONFLICT (site_id, kind, external_id) DO UPDATE SET gone_at = NULL, plan_id = excluded.plan_id, run_id = excluded.run_id, name = excluded.name),
  a AS (
    UPDATE leftover SET gone_at = dr_now() FROM z, f
    WHERE f.audited AND leftover.run_id = f."testRunId" AND leftover.gone_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM jsonb_to_recordset(f.leftovers) AS x("siteId" uuid, kind text, "externalId" text)
      WHERE x."siteId" = leftover.site_id AND x.kind = leftover.kind AND x."externalId" = leftover.external_id)),
  ${endedEvents([updatedRows("PLAN_CHANGED", "p"), updatedRows("PROTECTION_GROUP_CHANGED", "g"), plansOfPair])}
  SELECT base FROM r`,
};
