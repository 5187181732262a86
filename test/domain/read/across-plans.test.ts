import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidRequestError } from "../../../src/domain/errors.ts";
import { encodeId } from "../../../src/domain/ids.ts";
import { aWorld } from "../../support/world.ts";
import { type Asker, anAsker, at, list, text } from "./support.ts";

/** Plans, each with a test that is over, its cleanup, and a test that asks. */
const plans = 3;
let asker: Asker;

beforeAll(async () => {
  asker = await anAsker();
  await aWorld(asker.database, plans);
  const { pairingId } = await asker.database.prisma.recoveryPlan.findFirstOrThrow();
  const ofAGroup = { id: uuid(), planName: "a group", pairingId, kind: "GROUP_CREATE", options: {}, initiatedBy: "ada" } as const;
  await asker.database.prisma.recovery.create({ data: ofAGroup });
});
afterAll(() => asker.drop());

describe("recoveries", () => {
  const count = async (filter: string) => at(await asker.ask(`{ recoveries(filter: ${filter}) { totalCount } }`), "recoveries.totalCount");

  it("are the runs of all plans, newest first, and none that works on a group", async () => {
    const answer = await asker.ask("{ recoveries { totalCount nodes { planName requestedAt } } }");
    const requested = list(answer, "recoveries.nodes").map((run) => Date.parse(text(run, "requestedAt")));
    expect(at(answer, "recoveries.totalCount")).toBe(plans * 3);
    expect(requested).toEqual(requested.toSorted((a, b) => b - a));
  });

  it("are found by whether they are open, by state, kind and plan, and by all of it together", async () => {
    const { id } = await asker.database.prisma.recoveryPlan.findFirstOrThrow();
    const planId = encodeId("RecoveryPlan", id);
    expect(await count("{ open: true }")).toBe(plans);
    expect(await count("{ open: false }")).toBe(plans * 2);
    expect(await count("{ states: [RUNNING, PROMPTING] }")).toBe(plans);
    expect(await count("{ states: [] }")).toBe(0);
    expect(await count("{ kinds: [CLEANUP] }")).toBe(plans);
    expect(await count(`{ planId: "${planId}" }`)).toBe(3);
    expect(await count(`{ planId: "${planId}", open: false, kinds: [TEST], resultState: WARNING }`)).toBe(1);
  });

  it("of another plan are not in a plan's history", async () => {
    const [one, other] = await asker.database.prisma.recoveryPlan.findMany();
    const query = `query ($id: ID!, $planId: ID) { recoveryPlan(id: $id) { recoveryHistory(filter: { planId: $planId, open: true }) { totalCount } } }`;
    const found = async (planId: string) =>
      at(await asker.ask(query, { id: encodeId("RecoveryPlan", one?.id ?? ""), planId }), "recoveryPlan.recoveryHistory.totalCount");
    expect(await found(encodeId("RecoveryPlan", one?.id ?? ""))).toBe(1);
    expect(await found(encodeId("RecoveryPlan", other?.id ?? ""))).toBe(0);
  });

  it("are refused for an id that is none of a plan, by field", async () => {
    const { errors } = await asker.answer(`{ recoveries(filter: { planId: "${encodeId("Site", uuid())}" }) { totalCount } }`);
    expect(errors?.[0]?.originalError).toBeInstanceOf(InvalidRequestError);
    expect(errors?.[0]?.originalError).toMatchObject({ fieldErrors: [{ path: ["filter", "planId"] }] });
  });
});

describe("open prompts", () => {
  const query = `query ($first: Int, $after: String) { openPrompts(first: $first, after: $after) { totalCount pageInfo { endCursor hasNextPage }
    nodes { id message openedAt open recovery { plan { name } } step { number } allowedOperations { operation allowed reason } } } }`;

  it("are those of all plans that wait, oldest first and by page, with what it takes to answer", async () => {
    const answer = await asker.ask(query, { first: 2 });
    expect(answer).toMatchObject({ openPrompts: { totalCount: plans, pageInfo: { hasNextPage: true } } });
    const next = await asker.ask(query, { first: 2, after: text(answer, "openPrompts.pageInfo.endCursor") });
    const all = [...list(answer, "openPrompts.nodes"), ...list(next, "openPrompts.nodes")];
    const opened = all.map((prompt) => Date.parse(text(prompt, "openedAt")));
    expect(opened).toEqual(opened.toSorted((a, b) => a - b));
    expect(new Set(all.map((prompt) => text(prompt, "recovery.plan.name"))).size).toBe(plans);
    const allowed = [{ operation: "ANSWER_PROMPT", allowed: true, reason: null }];
    for (const prompt of all)
      expect(prompt).toMatchObject({ message: "Go on?", open: true, step: { number: "1.1" }, allowedOperations: allowed });
  });

  it("are none of a run that is told to cancel, or has ended", async () => {
    const { recovery } = asker.database.prisma;
    const [cancelled, over] = await recovery.findMany({ where: { endedAt: null, kind: "TEST" } });
    await recovery.update({ where: { id: cancelled?.id ?? "" }, data: { cancelRequestedAt: new Date() } });
    await recovery.update({
      where: { id: over?.id ?? "" },
      data: { state: "FAILED", resultState: "FAILED", endedAt: new Date() },
    });
    expect(at(await asker.ask(query), "openPrompts.totalCount")).toBe(plans - 2);
    const answer = await asker.ask(`query ($id: ID!) { recovery(id: $id) { prompts { open allowedOperations { allowed reason } } } }`, {
      id: encodeId("Recovery", cancelled?.id ?? ""),
    });
    expect(at(answer, "recovery.prompts")).toMatchObject([
      { open: false, allowedOperations: [{ allowed: false, reason: expect.stringContaining("no longer open") }] },
    ]);
  });
});
