import { expect } from "vitest";
import type { Api, Json } from "./api.ts";
import { aMover, dropMover, moved, runOf } from "./movers.ts";
import { nothing, type Rows } from "./row.ts";
import { cleanedUp, ended, planOf, until } from "./runs.ts";
import { vmNamed } from "./tasks.ts";

const missing = { command: { name: "Tell everybody", command: "/scripts/nobody-wrote-it.sh" } };

/** The newest complete points of a group, once it has so many. */
async function pointsOf(api: Api, groupId: string): Promise<Json> {
  const query = `query ($id: ID!) { protectionGroup(id: $id) { replicationError recoveryPoints(first: 5, filter: { complete: true }) {
    nodes { id takenAt consistency complete sizeBytes pinned } } } }`;
  return (await api.ask(query, { id: groupId })).protectionGroup;
}

export const recoveryRows: Rows = {
  "reprotect, its status; planned failover (failback)": {
    good: [
      [
        "a plan moves, is protected in the other direction, moves back, and is protected as at the beginning",
        async (api) => {
          const mover = await aMover(api, "mover-01");
          const { planId } = mover;
          const there = await moved(api, "startRecovery", { planId, recoveryType: "PLANNED" });
          const whole = { resultState: "SUCCESS", vmCount: 1, vmsSucceeded: 1, vmsFailed: 0 };
          expect(there).toMatchObject({ kind: "PLANNED", ...whole, rpoAchievedSeconds: 0, plan: { lifecycle: "RECOVERY_COMPLETE" } });
          const reprotected = await moved(api, "startReprotect", { planId, syncData: true, reverseReplication: true });
          const turned = { lifecycle: "READY", protectedSite: { name: "Recovery-Site" }, recoverySite: { name: "Primary-Site" } };
          expect(reprotected).toMatchObject({ kind: "REPROTECT", ...whole, currentVm: null, plan: turned });
          const options = { syncData: true, shutdownSourceVms: true, powerOnVms: true, runScripts: true };
          expect(await moved(api, "startPlannedFailover", { planId, ...options })).toMatchObject({ kind: "PLANNED", ...whole });
          const again = { lifecycle: "READY", protectedSite: { name: "Primary-Site" } };
          expect(await moved(api, "startReprotect", { planId })).toMatchObject({ ...whole, plan: again });
          const { tasks } = await api.ask("{ tasks(first: 4) { nodes { type state } } }");
          const types = ["REPROTECT", "PLANNED_FAILOVER", "REPROTECT", "RECOVERY"];
          expect(tasks.nodes).toEqual(types.map((type) => ({ type, state: "COMPLETED" })));
          await dropMover(api, mover);
        },
      ],
    ],
    bad: [
      [
        "a plan that was not recovered is CONFLICT, one that is none NOT_FOUND, a failover without synchronising INVALID_REQUEST",
        async (api) => {
          const { id: planId } = await planOf(api);
          expect(await api.refused("startReprotect", { planId })).toMatchObject({ code: "CONFLICT", lifecycle: "READY" });
          const none = await api.refused("startReprotect", { planId: nothing("RecoveryPlan") });
          expect(none).toMatchObject({ code: "NOT_FOUND", resource: "RecoveryPlan" });
          const loses = await api.refused("startPlannedFailover", { planId, syncData: false });
          expect(loses).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["acceptDataLoss"] }] });
        },
      ],
    ],
  },
  "recovery points latest, pit, specific": {
    good: [
      [
        "a group lists its points, and a test uses the newest, the one at a moment, or a specific one",
        async (api) => {
          const mover = await aMover(api, "mover-02");
          const { planId, groupId } = mover;
          const { replicationError, recoveryPoints } = await pointsOf(api, groupId);
          expect(replicationError).toBeNull();
          const [point] = recoveryPoints.nodes;
          expect(point).toMatchObject({ id: expect.any(String), complete: true, sizeBytes: expect.any(Number), pinned: false });
          const specific = [{ groupId, recoveryPointId: point.id }];
          for (const recoveryPoint of [{ latest: true }, { pointInTime: point.takenAt }, { specific }]) {
            const test = await moved(api, "startRecovery", { planId, recoveryType: "TEST", syncData: false, recoveryPoint });
            const isNewest = "latest" in recoveryPoint;
            expect(test.groups).toEqual([{ pointTakenAt: isNewest ? expect.any(String) : point.takenAt }]);
            await cleanedUp(api, planId);
          }
          await dropMover(api, mover);
        },
      ],
    ],
    bad: [
      [
        "a moment before the first point is PRECONDITION_FAILED with the group, an unknown point NOT_FOUND, with synchronising INVALID_REQUEST",
        async (api) => {
          const { id: planId } = await planOf(api);
          const start = { planId, recoveryType: "DISASTER" };
          const early = await api.refused("startRecovery", { ...start, recoveryPoint: { pointInTime: "2000-01-01T00:00:00.000Z" } });
          expect(early).toMatchObject({
            code: "PRECONDITION_FAILED",
            reason: "NO_RECOVERY_POINT",
            message: expect.stringContaining("-PG"),
          });
          const groups = "query ($id: ID!) { recoveryPlan(id: $id) { protectionGroups { nodes { id } } } }";
          const { recoveryPlan } = await api.ask(groups, { id: planId });
          const specific = recoveryPlan.protectionGroups.nodes.map(({ id }: Json) => ({
            groupId: id,
            recoveryPointId: nothing("RecoveryPoint"),
          }));
          const unknown = await api.refused("startRecovery", { ...start, recoveryPoint: { specific } });
          expect(unknown).toMatchObject({ code: "NOT_FOUND", resource: "RecoveryPoint" });
          const both = await api.refused("startRecovery", { ...start, syncData: true, recoveryPoint: { specific } });
          expect(both).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["syncData"] }] });
        },
      ],
    ],
  },
  "when things go wrong": {
    good: [
      [
        "a failed step is tried again and skipped, with a comment",
        async (api) => {
          const { planId } = await aMover(api, "mover-03", { postPowerOnSteps: [missing] });
          const isStopped = ({ pausedReason, failed }: Json) => pausedReason === "STEP_FAILED" && failed.nodes.length === 1;
          const paused = await moved(api, "startRecovery", { planId, recoveryType: "PLANNED" }, isStopped);
          const [{ id: stepId }] = paused.failed.nodes;
          await api.change("retryStep", { stepId }, "step { number }");
          let now = paused;
          while (now.failed.nodes[0]?.attempt !== 2 || !isStopped(now)) now = await runOf(api, paused.id);
          await api.change("skipStep", { stepId, comment: "They know." }, "step { number }");
          await until(api, paused.id, ended);
          const whole = { resultState: "WARNING", vmsSucceeded: 1, plan: { lifecycle: "RECOVERY_COMPLETE" } };
          expect(await runOf(api, paused.id)).toMatchObject(whole);
        },
      ],
      [
        "a planned recovery goes on as a disaster recovery, which does without what has failed",
        async (api) => {
          const { planId } = await aMover(api, "mover-05", { postPowerOnSteps: [missing] });
          const isStopped = ({ pausedReason }: Json) => pausedReason === "STEP_FAILED";
          const paused = await moved(api, "startRecovery", { planId, recoveryType: "PLANNED" }, isStopped);
          const { followerId } = await api.change("switchToDisaster", { recoveryId: paused.id }, "followerId");
          const follower = async () =>
            api.ask("query ($id: ID!) { recovery(id: $id) { kind endTime rerunOf { id } plan { lifecycle } } }", { id: followerId });
          let seen = await follower();
          while ((seen.recovery?.endTime ?? null) === null) seen = await follower();
          const plan = { lifecycle: "RECOVERY_INCOMPLETE" };
          expect(seen.recovery).toMatchObject({ kind: "DISASTER", rerunOf: { id: paused.id }, plan });
          expect(await runOf(api, paused.id)).toMatchObject({ resultState: "CANCELLED" });
        },
      ],
      [
        "an incomplete recovery is taken as it is, and says which machines that excludes",
        async (api) => {
          const { planId, vmId } = await aMover(api, "mover-04");
          const prePowerOnCommands = [{ command: missing.command.command }];
          await api.change("configureVmRecoverySettings", { vmId, prePowerOnCommands }, "vm { id }");
          const half = await moved(api, "startRecovery", { planId, recoveryType: "PLANNED", failurePolicy: "CONTINUE" });
          expect(half).toMatchObject({ vmsFailed: 1, plan: { lifecycle: "RECOVERY_INCOMPLETE" }, acceptance: null });
          await api.change("acceptRecovery", { planId, comment: "It goes anyway." }, "recovery { id }");
          expect(await runOf(api, half.id)).toMatchObject({
            acceptance: { acceptedBy: api.user, comment: "It goes anyway.", excludedVms: [{ vm: { name: "mover-04" } }] },
            plan: { lifecycle: "READY" }, // it was the only one: nothing waits for a reprotect
          });
        },
      ],
    ],
    bad: [
      [
        "what makes no sense is CONFLICT, without a comment INVALID_REQUEST, of what is not there NOT_FOUND",
        async (api) => {
          const { id: planId } = await planOf(api);
          expect(await api.refused("acceptRecovery", { planId, comment: "why" })).toMatchObject({ code: "CONFLICT", lifecycle: "READY" });
          const silent = await api.refused("acceptRecovery", { planId, comment: " " });
          expect(silent).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["comment"] }] });
          const { id: vmId } = await vmNamed(api, "web-server-01");
          const one = await api.refused("resolveSplitBrain", { vmId, keep: "RECOVERED", comment: "why" });
          expect(one).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("web-server-01") });
          const none = await api.refused("switchToDisaster", { recoveryId: nothing("Recovery") });
          expect(none).toMatchObject({ code: "NOT_FOUND", resource: "Recovery" });
          const stepId = Buffer.from("RecoveryStep:00000000-0000-7000-8000-000000000000/1").toString("base64url");
          expect(await api.refused("retryStep", { stepId })).toMatchObject({ code: "NOT_FOUND" });
          expect(await api.refused("skipStep", { stepId, comment: "why" })).toMatchObject({ code: "NOT_FOUND" });
        },
      ],
    ],
  },
};
