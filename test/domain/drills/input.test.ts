/** What is refused of a drill, what its plan may not have, and what the log tells of it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { gid } from "../plans/stage.ts";
import { anAsker, list, text } from "../read/support.ts";
import { aDrillStage, type DrillStage } from "./stage.ts";

let stage: DrillStage;
let planId: string;
beforeAll(async () => {
  stage = await aDrillStage();
  planId = gid("RecoveryPlan", stage.planId);
});
afterAll(() => stage?.close());

const weekly = (more: object) => ({ weekly: { fromDay: "MONDAY", fromTime: "08:00", untilDay: "MONDAY", untilTime: "18:00", ...more } });
const absolute = (from: string, until: string) => ({ absolute: { from, until } });

const wrong: readonly (readonly [what: string, input: object, path: string, message: string | RegExp])[] = [
  [
    "a schedule of six fields",
    { cron: "0 0 3 * * *" },
    "cron",
    /^Five fields are expected, and this has 6: minute, hour, .*"0 3 \* \* SUN"\.$/,
  ],
  ["a schedule that is no schedule", { cron: "every night" }, "cron", "Five fields are expected, and this has 2"],
  ["a schedule that has a name alone", { cron: "@daily" }, "cron", "Names such as @daily are no schedules here"],
  ["a schedule with a minute that there is not", { cron: "60 3 * * *" }, "cron", '"60" is no minute: it may be 0 to 59.'],
  ["a schedule with steps that there are not", { cron: "0 */0 * * *" }, "cron", '"*/0" is no hour: it may be 0 to 23.'],
  ["a schedule with a range that goes down", { cron: "0 3 20-10 * *" }, "cron", '"20-10" is no day of the month: it may be 1 to 31,'],
  ["a schedule on the day on which it is read", { cron: "0 3 ? * *" }, "cron", '"?" is no day of the month'],
  [
    "a schedule with several such fields",
    { cron: "0 3 * 13 FUN" },
    "cron",
    /^"13" is no month: .*\. "FUN" is no day of the week: .*\. Each may also be/,
  ],
  ["a schedule that is never due", { cron: "0 3 31 2 *" }, "cron", "never due"],
  ["a schedule that is too long", { cron: `${"1,".repeat(200)}1 3 * * *` }, "cron", "may have 255 characters"],
  ["an empty schedule", { cron: "" }, "cron", "Five fields are expected, and this has 0"],
  ["a time zone that there is not", { timeZone: "Europe/Bielefeld" }, "timeZone", "no time zone of the IANA's tables"],
  ["an offset for a time zone", { timeZone: "+02:00" }, "timeZone", "no time zone of the IANA's tables"],
  ["an empty name", { name: "  " }, "name", "at least one character"],
  ["a name that is too long", { name: "x".repeat(256) }, "name", "255"],
  ["a name that another drill has", { name: "DRILL ONE" }, "name", /has this name/],
  ["a minute for a test", { maxDurationSeconds: 59 }, "maxDurationSeconds", "60 to 604800"],
  ["more than a week for a test", { maxDurationSeconds: 604_801 }, "maxDurationSeconds", "60 to 604800"],
  ["no lag at all", { maxLagMinutes: 0 }, "maxLagMinutes", "1 to 10080"],
  ["a lag of more than a week", { maxLagMinutes: 10_081 }, "maxLagMinutes", "1 to 10080"],
  ["an owner without a name", { owner: "" }, "owner", "at least one character"],
  ["notes that are too long", { notes: "x".repeat(4_097) }, "notes", "4096"],
  [
    "a window that begins at no time of day",
    { blackoutWindows: [weekly({ fromTime: "24:00" })] },
    "blackoutWindows.0.weekly.fromTime",
    "00:00 to 23:59",
  ],
  [
    "a window that ends at no time of day",
    { blackoutWindows: [weekly({ untilTime: "6 pm" })] },
    "blackoutWindows.0.weekly.untilTime",
    "00:00 to 24:00",
  ],
  [
    "a window without an end",
    { blackoutWindows: [weekly({ untilTime: "08:00" })] },
    "blackoutWindows.0.weekly.untilTime",
    "ends where it begins",
  ],
  [
    "a window of the year that begins with an offset",
    { blackoutWindows: [absolute("2026-12-24T18:00Z", "2026-12-27T18:00")] },
    "blackoutWindows.0.absolute.from",
    "without an offset",
  ],
  [
    "a window of the year on a day that there is not",
    { blackoutWindows: [absolute("2026-12-24T18:00", "2027-02-30T18:00")] },
    "blackoutWindows.0.absolute.until",
    "without an offset",
  ],
  [
    "a window of the year that ends before it begins",
    { blackoutWindows: [absolute("2026-12-24T18:00", "2026-12-24T18:00")] },
    "blackoutWindows.0.absolute.until",
    "before it begins",
  ],
  ["too many windows", { blackoutWindows: Array.from({ length: 101 }, () => weekly({})) }, "blackoutWindows", "may be 100"],
];

describe("a drill is refused, and nothing is changed, for", () => {
  let drillId: string;
  beforeAll(async () => {
    await stage.aDrill({ name: "drill one" });
    drillId = await stage.aDrill();
  });
  afterAll(() => stage.reset());

  it.each(wrong)("%s", async (_what, input, path, message) => {
    await stage.wrong("createDrill", { planId, name: "new", cron: "0 3 * * *", timeZone: "UTC", ...input }, [[path, message]]);
    await stage.wrong("updateDrill", { drillId, ...input }, [[path, message]]);
  });

  it("everything at once, each by its field; and an update that takes away what every drill has", async () => {
    const input = { name: "", cron: "x", timeZone: "+02:00", maxLagMinutes: 0, blackoutWindows: [weekly({ fromTime: "x" })] };
    const paths = ["name", "timeZone", "cron", "maxLagMinutes", "blackoutWindows.0.weekly.fromTime"];
    await stage.wrong(
      "updateDrill",
      { drillId, ...input },
      paths.map((path) => [path, /./] as const),
    );
    const none = { name: null, cron: null, timeZone: null };
    await stage.wrong(
      "updateDrill",
      { drillId, ...none },
      Object.keys(none).map((path) => [path, "leave the field out to keep it"] as const),
    );
  });

  it("a version that is no more, a drill that is no more, and more drills than a plan may have", async () => {
    await stage.refused("updateDrill", { drillId, notes: "new", expectedVersion: 7 }, { code: "CONFLICT", version: 1 });
    await stage.refused("deleteDrill", { drillId, expectedVersion: 7 }, { code: "CONFLICT", version: 1 });
    await stage.send("deleteDrill", "deletedDrillId", { drillId });
    for (const mutation of ["updateDrill", "deleteDrill", "runDrillNow"])
      await stage.refused(mutation, { drillId }, { code: "NOT_FOUND", resource: "Drill", resourceId: drillId });
    await stage.db.database.pool.query(
      `INSERT INTO drill (id, plan_id, name, cron, time_zone, options, prompt_policy, max_duration_seconds, owner, enabled)
        SELECT gen_random_uuid(), $1, 'many ' || n, '0 3 * * *', 'UTC', '{}', 'CONTINUE', 3600, 'olga', false FROM generate_series(1, 49) AS n`,
      [stage.planId],
    );
    const more = { planId, name: "one more", cron: "0 3 * * *", timeZone: "UTC" };
    await stage.refused("createDrill", more, { code: "CONFLICT", limit: 50, current: 50 });
  });
});

describe("a pause that nobody would end", () => {
  afterEach(() => stage.reset());
  const configure = (pause: object) => ({
    planId,
    priorityGroups: [{ priority: 1, postPowerOnSteps: [{ pause: { name: "Rest", ...pause } }] }],
  });

  it("keeps its plan from having a drill", async () => {
    await stage.send("configurePriorityGroups", "__typename", configure({}));
    const drill = { planId, name: "new", cron: "0 3 * * *", timeZone: "UTC" };
    await stage.wrong("createDrill", drill, [["planId", 'The plan Shop has the pause "Rest" without a duration']]);
    await stage.send("configurePriorityGroups", "__typename", configure({ durationSeconds: 60 }));
    expect(await stage.send("createDrill", "drill { name }", drill)).toEqual({ drill: { name: "new" } });
  });

  it("is not put into a plan that has a drill, even one that is disabled", async () => {
    await stage.aDrill({ enabled: false });
    const path = "priorityGroups.0.postPowerOnSteps.0.pause.durationSeconds";
    await stage.wrong("configurePriorityGroups", configure({}), [[path, "The plan has drills, in which nobody ends a pause"]]);
    const prompt = { planId, priorityGroups: [{ priority: 1, postPowerOnSteps: [{ prompt: { name: "Ask", message: "Go on?" } }] }] };
    expect(await stage.send("configurePriorityGroups", "__typename", prompt)).toEqual({ __typename: "ConfigurePriorityGroupsPayload" });
  });
});

describe("the log", () => {
  it("tells of a drill that is made, changed, skipped and deleted, by itself and by its plan", async () => {
    const asker = await anAsker(stage.db);
    const after = text(await asker.ask("{ eventCursor }"), "eventCursor");
    const watch = `subscription ($filter: ChangeEventFilter, $after: String) { events(filter: $filter, after: $after) { events { kind change name
      subjectType ... on DrillChangedEvent { drill { version occurrences { nodes { outcome code } } } } } } }`;
    const told = async (count: number, filter: object) => {
      const heard = await asker.watch(watch, { filter: { kinds: ["DRILL_CHANGED"], ...filter }, after });
      if (!("next" in heard)) throw new Error("no stream");
      const events: unknown[] = [];
      while (events.length < count) events.push(...list((await heard.next()).value.data, "events.events"));
      await heard.return?.();
      return events;
    };
    const drillId = await stage.aDrill({ name: "drill of the log" });
    await stage.send("updateDrill", "__typename", { drillId, blackoutWindows: [absolute("2000-01-01T00:00", "2100-01-01T00:00")] });
    await stage.isDue(drillId);
    await stage.round();
    const event = { kind: "DRILL_CHANGED", name: "drill of the log", subjectType: "Drill" };
    const drill = { version: 2, occurrences: { nodes: [{ outcome: "SKIPPED", code: "BLACKOUT" }] } };
    const changes = ["CREATED", "UPDATED", "UPDATED"].map((change) => ({ ...event, change, drill }));
    expect(await told(3, { planId })).toEqual(changes);
    await stage.send("deleteDrill", "__typename", { drillId });
    expect(await told(4, { subjectIds: [drillId] })).toEqual([
      ...changes.map((one) => ({ ...one, drill: null })),
      { ...event, change: "DELETED", drill: null },
    ]);
  });
});
