import { getNamedType, isObjectType } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidRequestError } from "../../../src/domain/errors.ts";
import { encodeId, rootLists } from "../../../src/domain/ids.ts";
import { schema } from "../../../src/domain/schema.ts";
import { aGroup, aPair, aPlan, aRun, type PairRows } from "../../support/rows.ts";
import { type Asker, anAsker } from "./support.ts";

let asker: Asker;
let pair: PairRows;
beforeAll(async () => {
  asker = await anAsker();
  pair = await aPair(asker.database);
});
afterAll(() => asker.drop());

const nobody = "0190aaaa-0000-7000-8000-000000000000";

describe("ids", () => {
  it("lead back to their objects, of every type, in one statement each", async () => {
    const { database } = asker;
    const group = await aGroup(database, pair, "g", 1);
    const plan = await aPlan(database, pair, "p", [{ groupIds: [group.groupId], steps: [{ type: "PAUSE", name: "s" }] }]);
    const { runId, taskId } = await aRun(database, pair, plan, [{ kind: "PAUSE", name: "x" }]);
    const step = await database.prisma.planStep.findFirstOrThrow();
    const priorityGroup = await database.prisma.planPriorityGroup.findFirstOrThrow();
    const point = await database.prisma.recoveryPoint.create({ data: { groupId: group.groupId, externalId: "pt", takenAt: new Date() } });
    const mapping = await database.prisma.networkMapping.findFirstOrThrow();
    const manager = await database.prisma.arrayManager.findFirstOrThrow();
    const ids = [
      encodeId("Site", pair.protectedSiteId),
      encodeId("SitePairing", pair.pairingId),
      encodeId("ArrayManager", manager.id),
      encodeId("Network", pair.sourceNetworkId),
      encodeId("Folder", pair.sourceFolderId),
      encodeId("ResourcePool", pair.sourcePoolId),
      encodeId("Datastore", pair.sourceDatastoreId),
      encodeId("NetworkMapping", mapping.id),
      encodeId("ProtectionGroup", group.groupId),
      encodeId("VirtualMachine", group.vmIds[0] ?? ""),
      encodeId("RecoveryPoint", point.id),
      encodeId("RecoveryPlan", plan),
      encodeId("PriorityGroup", priorityGroup.id),
      encodeId("PauseStep", step.id),
      encodeId("Recovery", runId),
      encodeId("RecoveryStep", `${runId}/1`),
      encodeId("Task", taskId),
    ];
    const answer = await asker.ask(`query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }`, { ids });
    const typeOf = (id: string) => Buffer.from(id, "base64url").toString().split(":")[0];
    expect(answer).toEqual({ nodes: ids.map((id) => ({ __typename: typeOf(id), id })) });
    expect(await asker.ask(`query ($id: ID!) { node(id: $id) { ... on Site { name } } }`, { id: ids[0] })).toEqual({
      node: { name: "Pair Primary" },
    });
  });

  it("of each type come from the list that an error names", async () => {
    const query = schema.getQueryType()?.getFields() ?? {};
    for (const [type, list] of Object.entries(rootLists)) {
      const page = getNamedType(query[list]?.type);
      const node = isObjectType(page) ? getNamedType(page.getFields().nodes?.type) : undefined;
      expect([list, node?.name]).toEqual([list, type]);
    }
  });

  it("that lead to nothing give null", async () => {
    const query = `query ($plan: ID!, $vm: ID!) { recoveryPlan(id: $plan) { id } vm(id: $vm) { id } node(id: $plan) { id } nodes(ids: [$plan, $vm]) { id } }`;
    const ids = { plan: encodeId("RecoveryPlan", nobody), vm: encodeId("VirtualMachine", nobody) };
    expect(await asker.ask(query, ids)).toEqual({ recoveryPlan: null, vm: null, node: null, nodes: [null, null] });
  });

  it.each([
    ["nonsense", "nonsense"],
    ["an empty text", ""],
    ["a raw uuid", nobody],
    ["a type that there is not", encodeId("Banana", nobody)],
    ["a type with a bad key", encodeId("RecoveryPlan", "1; DROP TABLE site")],
    ["a step without its number", encodeId("RecoveryStep", nobody)],
  ])("that are %s are INVALID_REQUEST, everywhere", async (_what, id) => {
    for (const query of [
      `query ($id: ID!) { recoveryPlan(id: $id) { id } }`,
      `query ($id: ID!) { node(id: $id) { id } }`,
      `query ($id: ID!) { nodes(ids: [$id]) { id } }`,
    ]) {
      const { errors } = await asker.answer(query, { id });
      expect(errors?.[0]?.originalError).toBeInstanceOf(InvalidRequestError);
    }
  });

  it("of another type are INVALID_REQUEST that says which", async () => {
    const { errors } = await asker.answer(`query ($id: ID!) { recoveryPlan(id: $id) { id } }`, { id: encodeId("Site", nobody) });
    expect(errors?.[0]?.originalError).toMatchObject({ code: "INVALID_REQUEST", message: expect.stringContaining("id of a Site") });
  });

  it.each([
    ["vms", "siteId"],
    ["vms", "protectionGroupId"],
    ["protectionGroups", "siteId"],
    ["recoveryPlans", "siteId"],
    ["datastores", "siteId"],
    ["networks", "siteId"],
  ])("that are empty are none: filter of %s by %s", async (list, name) => {
    const { errors } = await asker.answer(`{ ${list}(filter: { ${name}: "" }) { totalCount } }`);
    expect(errors?.[0]?.originalError).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["filter", name] }] });
  });

  it("are at most 500 at once", async () => {
    const { errors } = await asker.answer(`query ($ids: [ID!]!) { nodes(ids: $ids) { id } }`, {
      ids: Array.from({ length: 501 }, () => encodeId("Site", nobody)),
    });
    expect(errors?.[0]?.originalError).toBeInstanceOf(InvalidRequestError);
  });
});

it("without a session nothing is read", async () => {
  const { data, errors } = await asker.answer("{ sites { totalCount } eventCursor }", {}, asker.context({ signedIn: false }));
  expect(data).toEqual({ sites: null, eventCursor: null });
  expect(errors?.map(({ originalError }) => originalError)).toMatchObject([{ code: "UNAUTHORIZED" }, { code: "UNAUTHORIZED" }]);
});
