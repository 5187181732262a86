import { expect } from "vitest";
import { measureLag } from "../../src/engine/lag/measure.ts";
import type { Api, Json } from "./api.ts";
import { notAnId, nothing, type Rows } from "./row.ts";
import { planOf, testAndCleanUp } from "./runs.ts";

const history = `query ($id: ID!) { recoveryPlan(id: $id) { testHistory(first: 1) { nodes { id startTime resultState durationSeconds vmsSucceeded vmsFailed
  rpoAchievedSeconds rtoAchievedSeconds initiatedBy notes notesVersion notesEditedBy } } } }`;

/** The plan's newest test; one that this makes where there is none yet. */
async function newestTest(api: Api): Promise<Json> {
  const { id } = await planOf(api);
  const read = async () => (await api.ask(history, { id })).recoveryPlan.testHistory.nodes[0];
  return (await read()) ?? (await testAndCleanUp(api).then(read));
}

const violations = `query ($filter: RpoViolationFilter) { rpoViolations(filter: $filter) { totalCount nodes { id vm { id rpoViolation } vmName protectionGroupName
  configuredRpoMinutes currentLagMinutes currentLagSeconds startTime endTime cause worstLagMinutes criticalSince severity } } }`;

/** What the gateway does every 30 s, at once, with points that are so much older than they were. */
async function age({ database: { pool } }: Api, group: string, minutes: number): Promise<void> {
  const older = (column: string) => `${column} = ${column} - make_interval(mins => $2)`;
  const of = "group_id = (SELECT id FROM protection_group WHERE name = $1)";
  await pool.query(`UPDATE group_lag SET ${older("measured_at")}, ${older("point_taken_at")} WHERE ${of} AND $2 > 0`, [group, minutes]);
  await pool.query(`UPDATE recovery_point SET ${older("taken_at")}, complete = false WHERE ${of} AND complete`, [group, minutes]);
  await pool.query(`UPDATE recovery_point SET complete = true WHERE ${of} AND NOT complete`, [group]);
  await measureLag(pool);
}

export const historyRows: Rows = {
  "test history with achieved RPO and RTO, notes": {
    good: [
      [
        "a plan's tests say what they achieved, and their notes are edited by who is allowed to",
        async (api) => {
          const test = await newestTest(api);
          expect(test).toMatchObject({
            startTime: expect.any(String),
            durationSeconds: expect.any(Number),
            vmsSucceeded: expect.any(Number),
            initiatedBy: "admin",
          });
          const shown = "recovery { notes notesVersion notesEditedBy notesEditedAt }";
          const input = { recoveryId: test.id, notes: "Quarterly test", expectedVersion: test.notesVersion };
          const { recovery } = await api.change("updateTestNotes", input, shown);
          const edited = { notes: "Quarterly test", notesVersion: test.notesVersion + 1, notesEditedBy: "admin" };
          expect(recovery).toMatchObject({ ...edited, notesEditedAt: expect.any(String) });
          expect(await newestTest(api)).toMatchObject(edited);
          const log = await api.ask(
            '{ auditLog(first: 1, filter: { operation: "updateTestNotes", outcome: SUCCEEDED }) { nodes { userName targetId } } }',
          );
          expect(log.auditLog.nodes).toEqual([{ userName: "admin", targetId: test.id }]);
        },
      ],
    ],
    bad: [
      [
        "notes of what is no test, and of a version that is no longer, are refused",
        async (api) => {
          const notes = { notes: "x" };
          expect(await api.refused("updateTestNotes", { recoveryId: nothing("Recovery"), ...notes })).toMatchObject({ code: "NOT_FOUND" });
          expect(await api.refused("updateTestNotes", { recoveryId: notAnId, ...notes })).toMatchObject({ code: "INVALID_REQUEST" });
          const { id, notesVersion } = await newestTest(api);
          const stale = { recoveryId: id, ...notes, expectedVersion: notesVersion + 7 };
          expect(await api.refused("updateTestNotes", stale)).toMatchObject({ code: "CONFLICT", version: notesVersion });
          const found = await api.ask("{ recoveries(first: 1, filter: { kinds: [CLEANUP] }) { nodes { id } } }");
          const cleanup = { recoveryId: found.recoveries.nodes[0].id, ...notes };
          expect(await api.refused("updateTestNotes", cleanup)).toMatchObject({ fieldErrors: [{ path: ["recoveryId"] }] });
        },
      ],
    ],
  },
  "RPO violations": {
    good: [
      [
        "a group whose points get too old is in violation with each VM, from when its lag crossed the RPO, until a newer point is complete",
        async (api) => {
          await measureLag(api.database.pool);
          const { protectionGroups } = await api.ask("{ protectionGroups(first: 1) { nodes { id name rpoMinutes vmCount } } }");
          const [{ id, name, rpoMinutes, vmCount }] = protectionGroups.nodes;
          const listed = async (open: boolean) => (await api.ask(violations, { filter: { protectionGroupId: id, open } })).rpoViolations;
          const before = (await listed(false)).totalCount;
          await age(api, name, 4 * rpoMinutes);
          const { totalCount, nodes } = await listed(true);
          expect(totalCount).toBe(vmCount);
          for (const one of nodes) {
            expect(one).toMatchObject({
              vm: { rpoViolation: true },
              protectionGroupName: name,
              configuredRpoMinutes: rpoMinutes,
              endTime: null,
            });
            expect(one).toMatchObject({ cause: "LAG", severity: "CRITICAL", criticalSince: expect.any(String) });
            expect(one.currentLagMinutes).toBe(Math.ceil(one.currentLagSeconds / 60));
            expect(one.currentLagMinutes).toBeGreaterThan(4 * rpoMinutes - 1);
          }
          await age(api, name, -4 * rpoMinutes);
          expect([(await listed(true)).totalCount, (await listed(false)).totalCount]).toEqual([0, before + vmCount]);
        },
      ],
      [
        "the lag over time is there for a chart, of plans and sites",
        async (api) => {
          await measureLag(api.database.pool);
          const series = "lagSeries(points: 20) { stepSeconds points { time averageLagSeconds maxLagSeconds withinRpoPercent } }";
          const { recoveryPlans, sites } = await api.ask(
            `{ recoveryPlans { nodes { name ${series} } } sites(filter: { type: PROTECTED }) { nodes { ${series} } } }`,
          );
          for (const { lagSeries } of [recoveryPlans.nodes[0], sites.nodes[0]]) {
            expect(lagSeries.points.length).toBeGreaterThan(0);
            expect(lagSeries.points[0]).toMatchObject({ averageLagSeconds: expect.any(Number), withinRpoPercent: expect.any(Number) });
          }
        },
      ],
    ],
    bad: [
      [
        "an id of another type, and a range that ends before it begins, are INVALID_REQUEST with the field",
        async (api) => {
          const invalid = (path: string[]) => ({ code: "INVALID_REQUEST", fieldErrors: [{ path }] });
          expect(await api.failed(violations, { filter: { vmId: notAnId } })).toMatchObject(invalid(["filter", "vmId"]));
          const backwards = { from: "2026-01-02T00:00:00.000Z", to: "2026-01-01T00:00:00.000Z" };
          expect(await api.failed(violations, { filter: backwards })).toMatchObject(invalid(["filter", "to"]));
        },
      ],
    ],
  },
};
