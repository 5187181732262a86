import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { aGroup, aPair, type PairRows } from "../../support/rows.ts";
import { at, list, text } from "../read/support.ts";
import { aStage, type Stage } from "../sites/stage.ts";

let stage: Stage;
let pair: PairRows;
let made = 0;

beforeAll(async () => {
  stage = await aStage(1);
});
afterAll(() => stage.close());
beforeEach(async () => {
  pair = await aPair(stage.asker.database, `Pair ${++made}`);
});

const nobody = "0190aaaa-0000-7000-8000-000000000000";
const network = (id: string) => encodeId("Network", id);
const aNetwork = async (siteId: string, name: string) =>
  network((await stage.asker.database.prisma.network.create({ data: { siteId, name, type: "STANDARD" } })).id);
const invalid = (...path: string[]) => ({ __typename: "InvalidRequestError", fieldErrors: [{ path }] });
const set = (input: Record<string, unknown>, selection = shown) => stage.run("setNetworkMapping", input, selection, ["EDITOR"]);
const shown = `networkMapping { id version sourceNetwork { id } targetNetwork { id } testNetwork { id } pairing { id } }
  reverseNetworkMapping { version sourceNetwork { id } targetNetwork { id } testNetwork { id } }`;
const ends = () => ({ sourceNetworkId: network(pair.sourceNetworkId), targetNetworkId: network(pair.targetNetworkId) });

describe("setting a network mapping", () => {
  it("makes it where the source has none, in the pair and the direction of its ends", async () => {
    const before = (await stage.changes()).length;
    const sourceNetworkId = await aNetwork(pair.recoverySiteId, "back");
    const targetNetworkId = network(pair.sourceNetworkId);
    expect(await set({ sourceNetworkId, targetNetworkId })).toMatchObject({
      networkMapping: {
        version: 1,
        sourceNetwork: { id: sourceNetworkId },
        targetNetwork: { id: targetNetworkId },
        testNetwork: null,
        pairing: { id: encodeId("SitePairing", pair.pairingId) },
      },
      reverseNetworkMapping: null,
    });
    expect((await stage.changes()).slice(before)).toMatchObject([{ kind: "PAIRING_CHANGED", id: pair.pairingId, change: "UPDATED" }]);
  });

  it("changes it where there is one: what is left out stays, null clears, and the version rises with each change", async () => {
    const targetNetworkId = await aNetwork(pair.recoverySiteId, "other");
    const test = { id: network(pair.testNetworkId) };
    const changed = { networkMapping: { version: 2, targetNetwork: { id: targetNetworkId }, testNetwork: test } };
    expect(await set({ ...ends(), targetNetworkId })).toMatchObject(changed);
    const before = (await stage.changes()).length;
    expect(await set({ ...ends(), targetNetworkId })).toMatchObject(changed);
    expect(await stage.changes()).toHaveLength(before);
    expect(await set({ ...ends(), targetNetworkId, testNetworkId: null })).toMatchObject({
      networkMapping: { version: 3, testNetwork: null },
    });
    expect(await set({ ...ends(), testNetworkId: test.id })).toMatchObject({ networkMapping: { version: 4, testNetwork: test } });
  });

  it("also sets the other direction when asked to, whose own test network stays", async () => {
    const back = { source: { id: ends().targetNetworkId }, target: { id: ends().sourceNetworkId } };
    const reverse = { sourceNetwork: back.source, targetNetwork: back.target };
    expect(await set({ ...ends(), reverse: true })).toMatchObject({
      networkMapping: { version: 1 },
      reverseNetworkMapping: { version: 1, ...reverse },
    });
    const home = await aNetwork(pair.protectedSiteId, "home");
    const bubble = await aNetwork(pair.protectedSiteId, "bubble");
    await set({ sourceNetworkId: back.source.id, targetNetworkId: home, testNetworkId: bubble });
    expect(await set({ ...ends(), reverse: true })).toMatchObject({
      reverseNetworkMapping: { version: 3, ...reverse, testNetwork: { id: bubble } },
    });
    // Its test network would be its target: each test makes its own again.
    expect(await set({ sourceNetworkId: bubble, targetNetworkId: back.source.id, reverse: true })).toMatchObject({
      reverseNetworkMapping: { version: 4, targetNetwork: { id: bubble }, testNetwork: null },
    });
  });

  it("can demand the version that was read, 0 for none", async () => {
    expect(await set({ ...ends(), testNetworkId: null, expectedVersion: 2 })).toMatchObject({ __typename: "ConflictError", version: 1 });
    expect(await set({ ...ends(), testNetworkId: null, expectedVersion: 0 })).toMatchObject({ __typename: "ConflictError", version: 1 });
    expect(await set({ ...ends(), testNetworkId: null, expectedVersion: 1 })).toMatchObject({ networkMapping: { version: 2 } });
    const sourceNetworkId = await aNetwork(pair.protectedSiteId, "new");
    expect(await set({ ...ends(), sourceNetworkId, expectedVersion: 1 })).toMatchObject({ __typename: "ConflictError", version: 0 });
    expect(await set({ ...ends(), sourceNetworkId, expectedVersion: 0 })).toMatchObject({ networkMapping: { version: 1 } });
  });

  it("loses no update of editors who all send the version that they read", async () => {
    const targets = await Promise.all(Array.from({ length: 10 }, (_, index) => aNetwork(pair.recoverySiteId, `target-${index}`)));
    const answers = await Promise.all(targets.map((targetNetworkId) => set({ ...ends(), targetNetworkId, expectedVersion: 1 })));
    const won = answers.filter((answer) => text(answer, "__typename") === "SetNetworkMappingPayload");
    expect(won).toHaveLength(1);
    for (const answer of answers) if (answer !== won[0]) expect(answer).toMatchObject({ code: "CONFLICT", version: 2 });
  });

  it("of a source without one by many at once makes one", async () => {
    const sourceNetworkId = await aNetwork(pair.protectedSiteId, "new");
    const answers = await Promise.all(Array.from({ length: 10 }, () => set({ ...ends(), sourceNetworkId })));
    expect(new Set(answers.map((answer) => text(answer, "networkMapping.id"))).size).toBe(1);
    expect(answers.map((answer) => at(answer, "networkMapping.version"))).toEqual(Array(10).fill(1));
  });

  it("is done once for a key, whatever happens afterwards", async () => {
    const input = { ...ends(), testNetworkId: null, idempotencyKey: `k${made}` };
    await set(input);
    await stage.asker.database.prisma.network.update({ where: { id: pair.targetNetworkId }, data: { missingSince: new Date() } });
    expect(await set(input)).toMatchObject({ networkMapping: { version: 2 } });
    expect(await set({ ...input, reverse: true })).toMatchObject({ code: "CONFLICT" });
  });

  describe("refuses, names the field, and changes nothing:", () => {
    const cases: [string, () => Promise<Record<string, unknown>>, ReturnType<typeof invalid>][] = [
      ["a source that there is none of", async () => ({ ...ends(), sourceNetworkId: network(nobody) }), invalid("sourceNetworkId")],
      ["a target that there is none of", async () => ({ ...ends(), targetNetworkId: network(nobody) }), invalid("targetNetworkId")],
      ["a test network that there is none of", async () => ({ ...ends(), testNetworkId: network(nobody) }), invalid("testNetworkId")],
      [
        "a target at the source's site",
        async () => ({ ...ends(), targetNetworkId: await aNetwork(pair.protectedSiteId, "near") }),
        invalid("targetNetworkId"),
      ],
      [
        "a target at a site that is not paired with the source's",
        async () => {
          const far = await aPair(stage.asker.database, `Far ${made}`);
          return { ...ends(), targetNetworkId: network(far.targetNetworkId) };
        },
        invalid("targetNetworkId"),
      ],
      [
        "a test network at the source's site",
        async () => ({ ...ends(), testNetworkId: await aNetwork(pair.protectedSiteId, "near") }),
        invalid("testNetworkId"),
      ],
      [
        "a test in the network of a real recovery",
        async () => ({ ...ends(), testNetworkId: ends().targetNetworkId }),
        invalid("testNetworkId"),
      ],
      [
        "a target that is its test network",
        async () => ({ ...ends(), targetNetworkId: network(pair.testNetworkId) }),
        invalid("targetNetworkId"),
      ],
      [
        "a target that is no longer there",
        async () => {
          await stage.asker.database.prisma.network.update({ where: { id: pair.targetNetworkId }, data: { missingSince: new Date() } });
          return ends();
        },
        invalid("targetNetworkId"),
      ],
      [
        "the id of a folder",
        async () => ({ ...ends(), sourceNetworkId: encodeId("Folder", pair.sourceFolderId) }),
        invalid("sourceNetworkId"),
      ],
    ];
    it.each(cases)("%s", async (_what, input, error) => {
      const wanted = await input();
      const before = await stage.asker.database.prisma.networkMapping.findMany();
      expect(await set(wanted)).toMatchObject(error);
      expect(await stage.asker.database.prisma.networkMapping.findMany()).toEqual(before);
    });

    it("all fields that are wrong, at once", async () => {
      const wrong = { sourceNetworkId: network(nobody), targetNetworkId: network(nobody), testNetworkId: network(nobody) };
      expect(await set(wrong)).toMatchObject({
        fieldErrors: [{ path: ["sourceNetworkId"] }, { path: ["targetNetworkId"] }, { path: ["testNetworkId"] }],
      });
      const none = { sourceNetworkId: "x", targetNetworkId: "y", testNetworkId: "z" };
      expect(await set(none)).toMatchObject({
        fieldErrors: [{ path: ["sourceNetworkId"] }, { path: ["targetNetworkId"] }, { path: ["testNetworkId"] }],
      });
    });
  });
});

it("folders and resource pools are mapped alike", async () => {
  const folders = { sourceFolderId: encodeId("Folder", pair.targetFolderId), targetFolderId: encodeId("Folder", pair.sourceFolderId) };
  expect(
    await stage.run(
      "setFolderMapping",
      { ...folders, reverse: true },
      "folderMapping { version targetFolder { path } } reverseFolderMapping { version }",
    ),
  ).toMatchObject({ folderMapping: { version: 1, targetFolder: { path: "/DC/vm/Production" } }, reverseFolderMapping: { version: 1 } });
  expect(await stage.run("setFolderMapping", { ...folders, targetFolderId: folders.sourceFolderId })).toMatchObject(
    invalid("targetFolderId"),
  );
  const pools = {
    sourceResourcePoolId: encodeId("ResourcePool", pair.targetPoolId),
    targetResourcePoolId: encodeId("ResourcePool", pair.sourcePoolId),
  };
  expect(
    await stage.run(
      "setResourceMapping",
      { ...pools, reverse: true },
      "resourceMapping { targetResource { name } } reverseResourceMapping { version }",
    ),
  ).toMatchObject({ resourceMapping: { targetResource: { name: "Prod-RP" } }, reverseResourceMapping: { version: 1 } });
  expect(await stage.run("setResourceMapping", { ...pools, expectedVersion: 9 })).toMatchObject({ code: "CONFLICT", version: 1 });
});

describe("deleting a mapping", () => {
  it.each([
    ["Network", "networkMappingId"],
    ["Folder", "folderMappingId"],
    ["Resource", "resourceMappingId"],
  ] as const)("of a kind takes it away, once: %s", async (kind, field) => {
    const { prisma } = stage.asker.database;
    const where = { where: { pairingId: pair.pairingId } };
    const row =
      kind === "Network"
        ? await prisma.networkMapping.findFirstOrThrow(where)
        : kind === "Folder"
          ? await prisma.folderMapping.findFirstOrThrow(where)
          : await prisma.resourceMapping.findFirstOrThrow(where);
    const id = encodeId(`${kind}Mapping`, row.id);
    const drop = (more: object = {}) => stage.run(`delete${kind}Mapping`, { [field]: id, ...more }, "deletedId pairing { id }", ["EDITOR"]);
    expect(await drop({ expectedVersion: 2 })).toMatchObject({ __typename: "ConflictError", version: 1 });
    const key = { expectedVersion: 1, idempotencyKey: `${kind}${made}` };
    const gone = { deletedId: id, pairing: { id: encodeId("SitePairing", pair.pairingId) } };
    expect(await drop(key)).toMatchObject(gone);
    expect(await drop(key)).toMatchObject(gone);
    expect(await drop()).toMatchObject({ __typename: "NotFoundError", resource: `${kind}Mapping` });
    expect((await stage.changes()).at(-1)).toMatchObject({ kind: "PAIRING_CHANGED", id: pair.pairingId });
  });

  it("leaves VMs that need it to be configured, until there is another", async () => {
    const { groupId } = await aGroup(stage.asker.database, pair, `web ${made}`, 1);
    const filter = { protectionGroupId: encodeId("ProtectionGroup", groupId), needsConfiguration: true };
    const count = async () =>
      at(await stage.asker.ask(`query ($filter: VmFilter) { vms(filter: $filter) { totalCount } }`, { filter }), "vms.totalCount");
    const mapping = await stage.asker.database.prisma.networkMapping.findFirstOrThrow({ where: { pairingId: pair.pairingId } });
    await stage.run("deleteNetworkMapping", { networkMappingId: encodeId("NetworkMapping", mapping.id) });
    expect(await count()).toBe(1);
    await set(ends());
    expect(await count()).toBe(0);
  });
});

describe("the inventory's mappings", () => {
  const query = `query ($filter: InventoryMappingFilter, $first: Int, $after: String, $orderBy: MappingOrder) { inventoryMappings(filter: $filter) {
    networkMappings(first: $first, after: $after, orderBy: $orderBy) { totalCount pageInfo { hasNextPage endCursor } nodes { sourceNetwork { name } targetNetwork { name } testNetwork { name } } }
    folderMappings { totalCount nodes { sourceFolder { path } targetFolder { path } } } resourceMappings { totalCount nodes { sourceResource { cluster } targetResource { cluster } } } } }`;
  const sources = (answer: unknown) =>
    list(answer, "inventoryMappings.networkMappings.nodes").map((node) => text(node, "sourceNetwork.name"));

  it("are shown kind by kind, filtered by pair, site, direction and name", async () => {
    await set({ ...ends(), reverse: true });
    const ofPair = { pairingId: encodeId("SitePairing", pair.pairingId) };
    const answer = await stage.asker.ask(query, { filter: ofPair });
    expect(answer).toMatchObject({
      inventoryMappings: {
        networkMappings: { totalCount: 2 },
        folderMappings: {
          totalCount: 1,
          nodes: [{ sourceFolder: { path: "/DC/vm/Production" }, targetFolder: { path: "/DR/vm/Recovered" } }],
        },
        resourceMappings: {
          totalCount: 1,
          nodes: [{ sourceResource: { cluster: "Prod-Cluster" }, targetResource: { cluster: "DR-Cluster" } }],
        },
      },
    });
    expect(sources(answer)).toEqual(["DR Network", "VM Network"]);
    const site = encodeId("Site", pair.recoverySiteId);
    expect(sources(await stage.asker.ask(query, { filter: { siteId: site } }))).toEqual(["DR Network", "VM Network"]);
    expect(sources(await stage.asker.ask(query, { filter: { sourceSiteId: site } }))).toEqual(["DR Network"]);
    expect(sources(await stage.asker.ask(query, { filter: { ...ofPair, name: "vm net" }, orderBy: { field: "TARGET_NAME" } }))).toEqual([
      "VM Network",
      "DR Network",
    ]);
    expect(sources(await stage.asker.ask(query, { filter: { ...ofPair, name: "nothing" } }))).toEqual([]);
  });

  it("come in pages", async () => {
    await set({ ...ends(), reverse: true });
    const filter = { pairingId: encodeId("SitePairing", pair.pairingId) };
    const first = await stage.asker.ask(query, { filter, first: 1 });
    expect(sources(first)).toEqual(["DR Network"]);
    const after = text(first, "inventoryMappings.networkMappings.pageInfo.endCursor");
    expect(sources(await stage.asker.ask(query, { filter, first: 1, after }))).toEqual(["VM Network"]);
  });

  it("are not asked for by what is no id", async () => {
    const { errors } = await stage.asker.answer(query, { filter: { siteId: "x", pairingId: encodeId("Site", nobody) } });
    expect(errors?.[0]?.originalError).toMatchObject({
      code: "INVALID_REQUEST",
      fieldErrors: [{ path: ["filter", "pairingId"] }, { path: ["filter", "siteId"] }],
    });
  });
});
