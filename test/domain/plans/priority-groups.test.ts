import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { labSites } from "../../support/lab.ts";
import { operator } from "../recoveries/stage.ts";
import { type Answer, aPlanStage, as, gid, nobody, type PlanStage } from "./stage.ts";

let stage: PlanStage;
let planId: string;
beforeAll(async () => {
  stage = await aPlanStage(
    {
      priorityGroups: [
        {
          groups: [0],
          pre: [
            { type: "PROMPT", name: "ask" },
            { type: "COMMAND", name: "run", command: "note.sh", timeoutSeconds: 30 },
          ],
          post: [{ type: "PAUSE", name: "wait", durationSeconds: 5 }],
        },
        { groups: [1], pre: [{ type: "PROMPT", name: "other" }] },
      ],
    },
    labSites({ vms: 2, groups: 2 }),
  );
  planId = gid("RecoveryPlan", stage.planId);
});
afterEach(() => stage.reset());
afterAll(() => stage.close());

const steps = `{ __typename name phase position
  ... on CommandStep { id command arguments timeoutSeconds runOnSite continueOnFailure runInTest rerunnable }
  ... on PromptStep { id message timeoutSeconds defaultAnswer needsTwoPeople } ... on PauseStep { id durationSeconds } }`;
const shape = `recoveryPlan { version priorityGroups { id priority name prePowerOnSteps ${steps} postPowerOnSteps ${steps} } }`;
const configure = async (priorityGroups: readonly object[], more: object = {}, viewer = operator): Promise<Answer> => {
  const answer = await stage.send("configurePriorityGroups", shape, { planId, priorityGroups, ...more }, viewer);
  return answer.recoveryPlan ?? answer;
};
const read = async (): Promise<Answer> =>
  (
    await stage.ask(
      `query ($id: ID!) { recoveryPlan(id: $id) { version priorityGroups { id priority name
  prePowerOnSteps ${steps} postPowerOnSteps ${steps} } } }`,
      { id: planId },
    )
  ).recoveryPlan;

const command = (more: object = {}) => ({ command: { name: "run", command: "note.sh", timeoutSeconds: 30, ...more } });
const prompt = (more: object = {}) => ({ prompt: { name: "ask", message: "Go on?", ...more } });
const pause = (more: object = {}) => ({ pause: { name: "wait", durationSeconds: 5, ...more } });

describe("configuring priority groups", () => {
  it("that changes nothing raises no version and sends no event, but for a plan that has lost a group", async () => {
    const { priorityGroups } = await read();
    const same = [{ priority: 1, prePowerOnSteps: [prompt(), command()], postPowerOnSteps: [pause()] }, { priority: 2 }];
    await configure(same); // a prompt of the stage may have another message
    const { version } = await read();
    for (const given of [[], same, [{ priority: 1, name: priorityGroups[0].name }]])
      await stage.same("configurePriorityGroups", { planId, priorityGroups: given, expectedVersion: version }, shape, {
        recoveryPlan: { version },
      });
    await stage.refused("configurePriorityGroups", { planId, priorityGroups: same, expectedVersion: 9 }, { code: "CONFLICT", version });
    await stage.db.database.pool.query("UPDATE recovery_plan SET lost_groups = '{Gone}'");
    expect(await configure([])).toMatchObject({ version: version + 1 });
  });

  it("takes steps of all three types with all their settings, and their defaults", async () => {
    const before = await read();
    const all = {
      arguments: ["-x", ""],
      timeoutSeconds: 600,
      runOnSite: "PROTECTED",
      continueOnFailure: true,
      runInTest: true,
      rerunnable: true,
    };
    const after = await configure([
      {
        priority: 1,
        name: "Database Tier",
        prePowerOnSteps: [
          { command: { name: " verify ", command: "/scripts/verify.sh", ...all } },
          { command: { name: "plain", command: "x" } },
        ],
        postPowerOnSteps: [
          { prompt: { name: "Confirm", message: "Ready?", timeoutSeconds: 60, defaultAnswer: "ABORT" } },
          { prompt: { name: "Ask", message: "Well?" } },
          { pause: { name: "Rest" } },
        ],
      },
    ]);
    const [first, second] = after.priorityGroups;
    expect(after.version).toBe(2);
    expect(first).toMatchObject({ id: before.priorityGroups[0].id, priority: 1, name: "Database Tier" });
    expect(first.prePowerOnSteps).toMatchObject([
      { name: "verify", phase: "PRE_POWER_ON", position: 1, command: "/scripts/verify.sh", ...all },
      {
        position: 2,
        arguments: [],
        timeoutSeconds: 300,
        runOnSite: "RECOVERY",
        continueOnFailure: false,
        runInTest: false,
        rerunnable: false,
      },
    ]);
    expect(first.postPowerOnSteps).toMatchObject([
      { message: "Ready?", timeoutSeconds: 60, defaultAnswer: "ABORT", needsTwoPeople: false },
      { message: "Well?", timeoutSeconds: null, defaultAnswer: null },
      { __typename: "PauseStep", durationSeconds: null },
    ]);
    expect(second).toEqual(before.priorityGroups[1]);
    expect(await stage.untold({ kind: "PLAN_CHANGED", id: stage.planId, change: "UPDATED" })).toEqual([]);
  });

  it("leaves what a request leaves out, and clears by an empty list", async () => {
    const before = await read();
    const renamed = await configure([{ priority: 1, name: "Data", prePowerOnSteps: null }]);
    expect(renamed.priorityGroups).toEqual([{ ...before.priorityGroups[0], name: "Data" }, before.priorityGroups[1]]);
    const cleared = await configure([
      { priority: 1, prePowerOnSteps: [] },
      { priority: 2, prePowerOnSteps: [], postPowerOnSteps: [] },
    ]);
    expect(cleared.priorityGroups).toMatchObject([
      { name: "Data", prePowerOnSteps: [], postPowerOnSteps: before.priorityGroups[0].postPowerOnSteps },
      { name: "Priority 2", prePowerOnSteps: [], postPowerOnSteps: [] },
    ]);
    expect((await configure([])).version).toBe(3);
  });

  it("keeps a step's id while it is edited, moved, or sent again without one", async () => {
    const [ask, run] = (await read()).priorityGroups[0].prePowerOnSteps;
    const edited = await configure([{ priority: 1, prePowerOnSteps: [command({ id: run.id, name: "new name" }), prompt()] }]);
    expect(edited.priorityGroups[0].prePowerOnSteps).toMatchObject([
      { id: run.id, name: "new name", position: 1 },
      { id: ask.id, name: "ask", position: 2 },
    ]);
    const moved = await configure([{ priority: 1, prePowerOnSteps: [prompt()], postPowerOnSteps: [command({ id: run.id }), pause()] }]);
    expect(moved.priorityGroups[0]).toMatchObject({
      prePowerOnSteps: [{ id: ask.id }],
      postPowerOnSteps: [{ id: run.id, phase: "POST_POWER_ON" }, { name: "wait" }],
    });
    const twins = await configure([{ priority: 1, prePowerOnSteps: [prompt(), prompt()] }]);
    const ids = twins.priorityGroups[0].prePowerOnSteps.map(({ id }: { id: string }) => id);
    expect(ids[0]).toBe(ask.id);
    expect(new Set(ids).size).toBe(2);
  });

  it("says everything that is wrong with the input, by field", async () => {
    const [ask] = (await read()).priorityGroups[0].prePowerOnSteps;
    const [foreign] = (await read()).priorityGroups[1].prePowerOnSteps;
    const [wait] = (await read()).priorityGroups[0].postPowerOnSteps;
    const wrong = (priorityGroups: readonly object[], ...fields: [string, string | RegExp][]) =>
      stage.wrong("configurePriorityGroups", { planId, priorityGroups }, fields);
    await wrong(
      [
        {
          priority: 1,
          name: "",
          prePowerOnSteps: [
            command({ name: " ", command: "", timeoutSeconds: 86_401, arguments: ["\0"] }),
            command({ command: "x".repeat(4_097) }),
            prompt({ message: " ", timeoutSeconds: 604_801 }),
            prompt({ defaultAnswer: "SKIP" }),
            pause({ durationSeconds: 86_401 }),
          ],
          postPowerOnSteps: [pause({ durationSeconds: 0 })],
        },
        { priority: 1 },
        { priority: 9 },
      ],
      ["priorityGroups.0.name", "at least one character"],
      ["priorityGroups.0.prePowerOnSteps.0.command.name", "at least one character"],
      ["priorityGroups.0.prePowerOnSteps.0.command.command", "names a program"],
      ["priorityGroups.0.prePowerOnSteps.0.command.arguments.0", "NUL"],
      ["priorityGroups.0.prePowerOnSteps.0.command.timeoutSeconds", "1 to 86400"],
      ["priorityGroups.0.prePowerOnSteps.1.command.command", "4096"],
      ["priorityGroups.0.prePowerOnSteps.2.prompt.message", "asks something"],
      ["priorityGroups.0.prePowerOnSteps.2.prompt.timeoutSeconds", "1 to 604800"],
      ["priorityGroups.0.prePowerOnSteps.2.prompt", "both a timeoutSeconds and a defaultAnswer"],
      ["priorityGroups.0.prePowerOnSteps.3.prompt", "both a timeoutSeconds and a defaultAnswer"],
      ["priorityGroups.0.prePowerOnSteps.4.pause.durationSeconds", "1 to 86400"],
      ["priorityGroups.0.postPowerOnSteps.0.pause.durationSeconds", "1 to 86400"],
      ["priorityGroups.2.priority", "has no priority group 9"],
      ["priorityGroups.1.priority", "has this priority above"],
    );
    await wrong(
      [{ priority: 1, prePowerOnSteps: [command({ id: ask.id }), prompt({ id: "x" })] }],
      ["priorityGroups.0.prePowerOnSteps.0.command.id", "id of a PromptStep"],
      ["priorityGroups.0.prePowerOnSteps.1.prompt.id", "not an id"],
    );
    await wrong(
      [
        {
          priority: 1,
          prePowerOnSteps: [prompt({ id: foreign.id }), prompt({ id: ask.id }), prompt({ id: ask.id }), pause({ id: wait.id })],
        },
      ],
      ["priorityGroups.0.prePowerOnSteps.0.prompt.id", "priority group 1 has no step with this id"],
      ["priorityGroups.0.prePowerOnSteps.2.prompt.id", "has this step above"],
      ["priorityGroups.0.prePowerOnSteps.3.pause.id", "stays in postPowerOnSteps; give both lists"],
    );
    await wrong([{ priority: 101 }], ["priorityGroups.0.priority", "1 to 100"]);
    await wrong(
      [{ priority: 1, prePowerOnSteps: Array.from({ length: 101 }, () => pause()) }],
      ["priorityGroups.0.prePowerOnSteps", "100 steps"],
    );
  });

  it("takes exactly one type for a step", async () => {
    const both = { planId, priorityGroups: [{ priority: 1, prePowerOnSteps: [{ ...prompt(), ...pause() }] }] };
    await expect(stage.send("configurePriorityGroups", shape, both)).rejects.toThrow(/[Ee]xactly one/);
  });

  it("lets a prompt ask two people, which counts for the next run", async () => {
    await configure([{ priority: 1, prePowerOnSteps: [prompt({ needsTwoPeople: true })] }]);
    const { recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" });
    const text = "SELECT content #> '{priorityGroups,0,preSteps,0}' AS step FROM recovery_snapshot WHERE run_id = $1";
    const { rows } = await stage.db.database.pool.query(text, [recoveryId]);
    expect(rows[0].step).toMatchObject({ type: "PROMPT", needsTwoPeople: true });
  });

  it("is refused for another version, and for a plan that there is none of", async () => {
    await stage.refused("configurePriorityGroups", { planId, priorityGroups: [], expectedVersion: 9 }, { code: "CONFLICT", version: 1 });
    const unknown = { planId: gid("RecoveryPlan", nobody), priorityGroups: [] };
    await stage.refused("configurePriorityGroups", unknown, { code: "NOT_FOUND", resource: "RecoveryPlan" });
  });

  it("is refused while a run of the plan is open, which it names", async () => {
    const { recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" });
    const activeRecoveryId = gid("Recovery", recoveryId);
    await stage.refused("configurePriorityGroups", { planId, priorityGroups: [] }, { code: "CONFLICT", activeRecoveryId });
  });

  it("counts for the next run", async () => {
    await configure([{ priority: 1, prePowerOnSteps: [command({ command: "other.sh", arguments: ["a b"] })] }]);
    const { recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" });
    const { content } = (await stage.db.database.pool.query("SELECT content FROM recovery_snapshot WHERE run_id = $1", [recoveryId]))
      .rows[0];
    expect(content.priorityGroups[0].preSteps).toMatchObject([{ type: "COMMAND", command: "other.sh", arguments: ["a b"] }]);
  });
});

describe("who may configure priority groups", () => {
  const one = (prePowerOnSteps: readonly object[], more: object = {}) => [{ priority: 1, prePowerOnSteps, ...more }];
  const same = [prompt(), command()];

  it.each<[what: string, needs: "EDITOR" | "SCRIPT_EDITOR", groups: readonly object[]]>([
    ["renames a priority group", "EDITOR", one(same, { name: "Data" })],
    ["changes a prompt", "EDITOR", one([prompt({ message: "Sure?" }), command()])],
    ["adds a pause before a command", "EDITOR", one([prompt(), pause(), command()])],
    ["removes a prompt", "EDITOR", one([command()])],
    ["changes a command", "SCRIPT_EDITOR", one([prompt(), command({ arguments: ["-f"] })])],
    ["adds a command", "SCRIPT_EDITOR", one([...same, command({ name: "second" })])],
    ["removes a command", "SCRIPT_EDITOR", one([prompt()])],
  ])("who %s needs %s and no other role", async (_what, needs, groups) => {
    const other = needs === "EDITOR" ? "SCRIPT_EDITOR" : "EDITOR";
    await stage.refused(
      "configurePriorityGroups",
      { planId, priorityGroups: groups },
      { code: "FORBIDDEN", requiredRole: needs },
      as(other),
    );
    expect((await configure(groups, {}, as(needs))).version).toBe(2);
  });

  it("who changes both needs both", async () => {
    const both = one([prompt({ message: "Sure?" }), command({ rerunnable: true })]);
    for (const role of ["EDITOR", "SCRIPT_EDITOR"] as const)
      await stage.refused("configurePriorityGroups", { planId, priorityGroups: both }, { code: "FORBIDDEN" }, as(role));
    expect((await configure(both, {}, as("EDITOR", "SCRIPT_EDITOR"))).version).toBe(2);
  });

  it("who sends what is there needs one of them", async () => {
    for (const role of ["EDITOR", "SCRIPT_EDITOR"] as const)
      expect(await configure(one(same), {}, as(role))).toMatchObject({ version: expect.any(Number) });
    const refusal = { code: "FORBIDDEN", requiredRole: "EDITOR", requiredRoles: ["EDITOR", "SCRIPT_EDITOR"] };
    await stage.refused("configurePriorityGroups", { planId, priorityGroups: one(same) }, refusal, as("RECOVERY_ADMIN", "ADMIN"));
  });
});
