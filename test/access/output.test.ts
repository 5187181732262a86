/** Who reads what commands write: a real run whose commands say something that is looked for in everything that can be read of it. */
import { getNamedType, isInterfaceType, isLeafType } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId } from "../../src/domain/ids.ts";
import { schema } from "../../src/domain/schema.ts";
import { type Role, roles } from "../../src/domain/viewer.ts";
import { aStage, type Stage } from "../engine/scene.ts";
import { eventStream } from "../gateway/support.ts";
import { aUser, type RealGateway, realGateway } from "../support/real-gateway.ts";
import { relationsOf } from "../support/schema-walk.ts";

/** What test/engine/scripts/fail.sh writes. */
const said = "it did not work";
const readers: readonly Role[] = ["OPERATOR", "RECOVERY_ADMIN", "SCRIPT_EDITOR"];
const others = roles.filter((role) => !readers.includes(role));

let stage: Stage;
let gateway: RealGateway;
let recoveryId: string;
const headers = new Map<Role, Record<string, string>>();
const ids = new Map<string, string[]>();

beforeAll(async () => {
  stage = await aStage();
  const { database } = stage.db;
  const scene = await stage.scene({
    machines: 2,
    vms: { "vm-1": { pre: [{ command: "fail.sh" }] } },
    priorityGroups: [{ groups: [0], pre: [{ name: "Try", type: "COMMAND", command: "fail.sh", continueOnFailure: true }] }],
  });
  const run = await scene.test();
  expect(run).toMatchObject({ state: "COMPLETED", resultState: "PARTIAL" });
  recoveryId = encodeId("Recovery", run.recoveryId);
  gateway = await realGateway(database);
  for (const role of roles) {
    await aUser(database, role, [role]);
    headers.set(role, { "session-token": await gateway.signIn(role) });
  }
  const steps = await database.prisma.recoveryStep.findMany();
  ids.set(
    "RecoveryStep",
    steps.map(({ runId, ordinal }) => encodeId("RecoveryStep", `${runId}/${ordinal}`)),
  );
  ids.set("Recovery", [recoveryId]);
  ids.set("RecoveryPlan", [encodeId("RecoveryPlan", scene.planId)]);
  ids.set(
    "Task",
    (await database.prisma.task.findMany()).map(({ id }) => encodeId("Task", id)),
  );
  ids.set(
    "ProtectionGroup",
    scene.groupIds.map((id) => encodeId("ProtectionGroup", id)),
  );
  ids.set(
    "VirtualMachine",
    [...scene.vmIds.values()].map((id) => encodeId("VirtualMachine", id)),
  );
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

/** Names of the relations, and types' plain fields, that show it. */
async function shownBy(role: Role): Promise<string[]> {
  const showing: string[] = [];
  for (const { name, from, query } of relationsOf(schema)) {
    const some = ids.get(from);
    if (some === undefined) continue;
    const { data, errors } = await gateway.ask(query, { ids: some }, headers.get(role));
    expect(errors, name).toBeUndefined();
    if (JSON.stringify(data).includes(said)) showing.push(name);
  }
  return showing;
}

function everythingOfAnEvent(): string {
  const event = schema.getType("RecoveryEvent");
  if (!isInterfaceType(event)) throw new Error("The schema has no RecoveryEvent");
  const parts = schema.getPossibleTypes(event).map((type) => {
    const plain = Object.values(type.getFields()).filter((field) => isLeafType(getNamedType(field.type)));
    return `... on ${type.name} { ${plain.map(({ name }) => name).join(" ")} }`;
  });
  return `__typename ${parts.join(" ")}`;
}

/** All events of the run. */
async function eventsFor(role: Role): Promise<{ readonly __typename: string; readonly text?: string | null }[]> {
  const query = `subscription ($id: ID!) { recoveryEvents(recoveryId: $id) { events { ${everythingOfAnEvent()} } } }`;
  const stream = await eventStream(gateway.url, query, headers.get(role), { id: recoveryId });
  const events = [];
  for (let next = await stream.next(); next?.event === "next"; next = await stream.next()) {
    const { data, errors } = JSON.parse(next.data);
    expect(errors).toBeUndefined();
    events.push(...data.recoveryEvents.events);
  }
  return events;
}

describe("the output of commands", () => {
  it.each(readers)("is read by %s, in the step's output alone", async (role) => {
    const shown = await shownBy(role);
    expect(shown).toContain("StepOutput");
    expect(shown.filter((name) => !["StepOutput", "RecoveryStep.output"].includes(name))).toEqual([]);
  });

  it.each(others)("is shown to %s by no field of anything", async (role) => {
    expect(await shownBy(role)).toEqual([]);
  });

  it.each(readers)("comes to %s as the text of events, and in none else", async (role) => {
    const events = await eventsFor(role);
    const withIt = events.filter((event) => JSON.stringify(event).includes(said));
    expect(new Set(withIt.map(({ __typename }) => __typename))).toEqual(new Set(["CommandOutputEvent"]));
  });

  it.each(others)("does not come to %s: the events do, without their text", async (role) => {
    const events = await eventsFor(role);
    expect(JSON.stringify(events)).not.toContain(said);
    const written = events.filter(({ __typename }) => __typename === "CommandOutputEvent");
    expect(written).not.toEqual([]);
    expect(written.every(({ text }) => text === null)).toBe(true);
    expect(events.at(-1)?.__typename).toBe("RecoveryEndedEvent");
  });
});
