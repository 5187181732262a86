/** Each operation in each lifecycle: what the table allows is done and leads where the table says; all else is refused, and says how to go on. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { operations as catalogue, type Operation } from "../../../src/domain/operations.ts";
import { transitions } from "../../../src/domain/recoveries/lifecycle.ts";
import { labSites } from "../../support/lab.ts";
import { everything, row } from "../recoveries/stage.ts";
import { type Scene, type Scenes, scenesOf } from "./lifecycle-scenes.ts";
import { everywhere, type Standing, table } from "./lifecycle-table.ts";
import { type Answer, aPlanStage, gid, type PlanStage } from "./stage.ts";

const isOperation = (name: string): name is Operation => name in catalogue;
const all = Object.keys(catalogue).filter(isOperation);

let stage: PlanStage;
let scenes: Scenes;
let scene: Scene;
let spareVm: string;
let drillIds: readonly string[];
beforeAll(async () => {
  stage = await aPlanStage({ priorityGroups: [{ groups: [0] }] }, labSites({ vms: 3, groups: 3, spare: 1 }));
  scenes = scenesOf(stage);
});
afterAll(() => stage.close());

/** A VM that nothing protects. */
async function addSpareVm(): Promise<void> {
  const text = `INSERT INTO virtual_machine (id, site_id, external_id, name) VALUES (gen_random_uuid(), $1, 'vm-a-4', 'vm-4') RETURNING id`;
  spareVm = gid("VirtualMachine", (await row(stage, text, stage.protectedSiteId)).id);
}

/** One that is used, and one that is deleted. */
async function addDrills(): Promise<void> {
  const text = `INSERT INTO drill (id, plan_id, name, cron, time_zone, options, prompt_policy, max_duration_seconds, owner, enabled)
    SELECT gen_random_uuid(), $1, name, '0 3 * * *', 'UTC', '{"powerOnVms": true, "runScripts": true, "syncData": true}', 'CONTINUE', 3600, 'olga', false
    FROM unnest(ARRAY['kept', 'deleted']) AS name RETURNING id`;
  const { rows } = await stage.db.database.pool.query<{ id: string }>(text, [stage.planId]);
  drillIds = rows.map(({ id }) => gid("Drill", id));
}

interface Stand {
  readonly lifecycle: string;
  readonly openRunId: string | null;
  readonly openTaskId: string | null;
  readonly openKind: string | null;
}

const stand = async (): Promise<Stand> => {
  const text = `SELECT p.lifecycle, r.id AS "openRunId", r.kind AS "openKind", t.id AS "openTaskId" FROM recovery_plan p
    LEFT JOIN recovery r ON r.plan_id = p.id AND r.ended_at IS NULL LEFT JOIN task t ON t.recovery_id = r.id WHERE p.id = $1`;
  const found = await row(stage, text, stage.planId);
  return {
    ...found,
    openRunId: found.openRunId && gid("Recovery", found.openRunId),
    openTaskId: found.openTaskId && gid("Task", found.openTaskId),
  };
};

/** What does the operation on what the scene has. */
async function inputOf(operation: Operation): Promise<object> {
  const planId = gid("RecoveryPlan", stage.planId);
  const groupId = gid("ProtectionGroup", stage.groupIds[0]);
  const vmId = gid("VirtualMachine", stage.vmIds.get("vm-1"));
  const recoveryId = gid("Recovery", scene.runId);
  const stepId = gid("RecoveryStep", scene.stepId);
  const promptId = gid("Prompt", scene.promptId);
  const inputs: Record<Operation, object> = {
    START_TEST: { planId, recoveryType: "TEST" },
    START_PLANNED_RECOVERY: { planId, recoveryType: "PLANNED" },
    START_DISASTER_RECOVERY: { planId, recoveryType: "DISASTER", acceptDataLoss: true },
    START_PLANNED_FAILOVER: { planId },
    START_REPROTECT: { planId },
    ACCEPT_RECOVERY: { planId, comment: "As it is." },
    CLEANUP_TEST: { planId },
    FORCE_CLEANUP_TEST: { planId, force: true },
    CANCEL_RECOVERY: { recoveryId },
    PAUSE_RECOVERY: { recoveryId },
    RESUME_RECOVERY: { recoveryId },
    SWITCH_TO_DISASTER: { recoveryId },
    ANSWER_PROMPT: { promptId, answer: "CONTINUE" },
    WITHDRAW_PROMPT_ANSWER: { promptId },
    RETRY_STEP: { stepId },
    SKIP_STEP: { stepId, comment: "Done by hand." },
    UPDATE_PLAN: { planId, description: "changed" },
    DELETE_PLAN: { planId },
    ADD_PROTECTION_GROUP: {
      planId,
      protectionGroupId: gid("ProtectionGroup", stage.groupIds[1]),
      recoveryPriorityGroup: { priority: 2, name: "more" },
    },
    REMOVE_PROTECTION_GROUP: { planId, protectionGroupId: groupId },
    CONFIGURE_PRIORITY_GROUPS: {
      planId,
      priorityGroups: [{ priority: 1, prePowerOnSteps: [{ pause: { name: "wait", durationSeconds: 5 } }] }],
    },
    UPDATE_PROTECTION_GROUP: { groupId, description: "changed" },
    DELETE_PROTECTION_GROUP: { groupId },
    FORCE_DELETE_PROTECTION_GROUP: { groupId, force: true },
    ADD_PROTECTED_VMS: { groupId, vmIds: [spareVm] },
    REMOVE_PROTECTED_VM: { vmId },
    CONFIGURE_VM_RECOVERY_SETTINGS: { vmId, startupDelaySeconds: 7 },
    CONFIGURE_VM_NETWORK_MAPPINGS: { vmId, networkMappings: [] },
    UPDATE_DRILL: { drillId: drillIds[0], notes: "changed" },
    DELETE_DRILL: { drillId: drillIds[1] },
    RUN_DRILL_NOW: { drillId: drillIds[0] },
    RESOLVE_SPLIT_BRAIN: { vmId, keep: "RECOVERED", comment: "The copy is newer." },
    CANCEL_TASK: { taskId: gid("Task", (await row(stage, "SELECT id FROM task WHERE recovery_id = $1", scene.runId)).id) },
  };
  return inputs[operation];
}

const done = async (operation: Operation): Promise<Answer> =>
  stage.send(catalogue[operation].mutation, "__typename", await inputOf(operation));

/** Runs that an operation starts; null: it works on what there is. */
const starts: Partial<Record<Operation, string>> = {
  START_TEST: "TEST",
  RUN_DRILL_NOW: "TEST",
  START_PLANNED_RECOVERY: "PLANNED",
  START_PLANNED_FAILOVER: "PLANNED",
  START_DISASTER_RECOVERY: "DISASTER",
  START_REPROTECT: "REPROTECT",
  CLEANUP_TEST: "CLEANUP",
  FORCE_CLEANUP_TEST: "CLEANUP",
};

/** What each of these objects says of its operations: by name, with code, reason and remedy. */
async function shown(): Promise<ReadonlyMap<string, Answer>> {
  const said = "allowedOperations { operation allowed code reason remedy }";
  const ids = {
    plan: gid("RecoveryPlan", stage.planId),
    run: gid("Recovery", scene.runId),
    steps: gid("Recovery", scene.stepId.split("/")[0]),
    group: gid("ProtectionGroup", stage.groupIds[0]),
    vm: gid("VirtualMachine", stage.vmIds.get("vm-1")),
    drill: drillIds[0],
  };
  const query = `query ($plan: ID!, $run: ID!, $steps: ID!, $group: ID!, $vm: ID!, $drill: ID!) { drill(id: $drill) { ${said} } recoveryPlan(id: $plan) { ${said} } protectionGroup(id: $group) { ${said} } vm(id: $vm) { ${said} }
    recovery(id: $run) { ${said} task { ${said} } } withSteps: recovery(id: $steps) { allSteps { nodes { ${said} } } } }`;
  const { recoveryPlan, recovery, withSteps, protectionGroup, vm, drill } = await stage.ask(query, ids);
  const objects = [recoveryPlan, recovery, recovery.task, ...withSteps.allSteps.nodes, protectionGroup, vm, drill];
  return new Map(objects.flatMap(({ allowedOperations }) => allowedOperations.map((one: Answer) => [one.operation, one])));
}

/** What has to be told beside the message: where the plan stands, and what is under way. What concerns one machine alone tells that. */
function details(operation: Operation, { lifecycle, openRunId, openTaskId }: Stand): object {
  if (operation === "RESOLVE_SPLIT_BRAIN") return {};
  const ofEarlierRun = /STEP|PROMPT/.test(operation) && !scene.stepId.startsWith(scene.runId);
  if (openRunId !== null && !ofEarlierRun) return { planName: "plan", lifecycle, activeRecoveryId: openRunId, activeTaskId: openTaskId };
  const ofGroup = /PROTECT(ED_VM|ION_GROUP)/.test(operation) && !/^(ADD|REMOVE)_PROTECTION_GROUP$/.test(operation);
  return ofGroup ? {} : { planName: "plan", lifecycle, activeTaskId: null };
}

const allowedIn = ({ allows }: Standing) => all.filter((operation) => operation in allows || everywhere.includes(operation));
const refusedIn = (standing: Standing) => all.filter((operation) => !allowedIn(standing).includes(operation));
/** These leave everything else as it is, so that the next one finds the scene. */
const harmless: readonly Operation[] = [...everywhere, "UPDATE_PLAN", "CONFIGURE_PRIORITY_GROUPS"];
const rank = (operation: Operation) => (harmless.includes(operation) ? 0 : 1);

it("the table has every lifecycle", () => {
  expect(new Set(table.map(({ lifecycle }) => lifecycle))).toEqual(new Set(Object.keys(transitions)));
});

describe.each(table.map((standing) => ({ ...standing, standing })))("a plan that is $lifecycle, $how,", ({ lifecycle, standing }) => {
  let told: ReadonlyMap<string, Answer>;
  let at: Stand;
  let before: string;
  let fresh = true;
  const anew = async () => {
    await stage.reset();
    await addSpareVm();
    await addDrills();
    scene = await standing.scene(scenes);
    fresh = true;
  };
  beforeAll(async () => {
    await anew();
    [told, at, before] = [await shown(), await stand(), await everything(stage)];
    expect(at.lifecycle).toBe(lifecycle);
  });

  it.each(refusedIn(standing))("refuses %s, with where it stands, what is under way, and what to do", async (operation) => {
    const answer = await done(operation);
    const reason = standing.needs?.[operation];
    const error = reason === undefined ? { code: "CONFLICT", ...details(operation, at) } : { code: "PRECONDITION_FAILED", reason };
    expect(answer).toMatchObject({ ...error, message: expect.stringMatching(/\.$/), remedy: expect.stringMatching(/\.$/) });
    const own = told.get(operation);
    expect(own).toEqual({ operation, allowed: false, code: answer.code, reason: answer.message, remedy: answer.remedy });
  });

  it("is as it was after all that was refused", async () => {
    expect(await everything(stage)).toBe(before);
  });

  it.each(allowedIn(standing).toSorted((a, b) => rank(a) - rank(b)))("allows %s", async (operation) => {
    if (!fresh) await anew();
    fresh = harmless.includes(operation);
    expect(await done(operation)).toEqual({ __typename: expect.stringMatching(/Payload$/) });
    expect(told.get(operation)).toMatchObject({ allowed: true, code: null, reason: null });
    if (operation === "DELETE_PLAN") return expect((await stage.ask("{ recoveryPlans { totalCount } }")).recoveryPlans.totalCount).toBe(0);
    const { lifecycle: next, openKind } = await stand();
    expect(next).toBe(standing.allows[operation] ?? lifecycle);
    if (operation in starts) expect(openKind).toBe(starts[operation]);
  });
});
