import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { encodeId, idOf } from "../../../src/domain/ids.ts";
import { aGroup, aPair, aPlan, aRun } from "../../support/rows.ts";
import { at, list, text } from "../read/support.ts";
import { aStage, type Stage } from "./stage.ts";

let stage: Stage;
beforeEach(async () => {
  stage = await aStage();
});
afterEach(() => stage.close());

const north = { name: "North", type: "PROTECTED", provider: "lab", externalId: "site-a" };
const invalid = (...path: string[]) => ({ __typename: "InvalidRequestError", code: "INVALID_REQUEST", fieldErrors: [{ path }] });
const counts = `{ sites { totalCount } vms { totalCount } networks { totalCount } datastores { totalCount } folders { totalCount } resourcePools { totalCount } }`;
const totals = async () => {
  const answer = await stage.asker.ask(counts);
  return ["sites", "vms", "networks", "datastores", "folders", "resourcePools"].map((kind) => at(answer, `${kind}.totalCount`));
};

describe("registering a site", () => {
  it("asks its provider and reads its inventory at once", async () => {
    const selection = `site { id name type provider providerVersion state refreshedAt vcenterServer srmVersion pairing { id } capabilities { ipCustomization guestCommands minimumRpoMinutes } }`;
    const answer = await stage.run("registerSite", { ...north, vcenterServer: "vc.example.com" }, selection);
    expect(answer).toMatchObject({
      __typename: "RegisterSitePayload",
      site: {
        ...{ name: "North", type: "PROTECTED", provider: "lab", providerVersion: "1", state: "CONNECTED" },
        ...{ vcenterServer: "vc.example.com", srmVersion: null, pairing: null },
        refreshedAt: expect.any(String),
        capabilities: { ipCustomization: "BEFORE_POWER_ON", guestCommands: true, minimumRpoMinutes: 1 },
      },
    });
    expect(await totals()).toEqual([1, 3, 1, 1, 0, 0]);
    const vms = await stage.asker.ask(
      `{ vms { nodes { name powerState nics { ipAddresses network { name } } sourceSite { datastore { name } } protectionGroup { id } } } }`,
    );
    expect(list(vms, "vms.nodes")[0]).toEqual({
      name: "vm-1",
      powerState: "POWERED_ON",
      nics: [{ ipAddresses: ["10.1.0.1"], network: { name: "net-a" } }],
      sourceSite: { datastore: { name: "ds-a" } },
      protectionGroup: null,
    });
    const changes = await stage.changes();
    expect(changes.map(({ kind, change }) => `${kind} ${change}`)).toEqual([
      "SITE_CHANGED CREATED",
      ...Array<string>(3).fill("VM_CHANGED CREATED"),
    ]);
    expect(encodeId("Site", changes[0]?.id ?? "")).toBe(text(answer, "site.id"));
  });

  it("does so once for a key", async () => {
    const input = { ...north, idempotencyKey: "k" };
    const first = await stage.run("registerSite", input, "site { id }");
    expect(await stage.run("registerSite", input, "site { id }")).toEqual(first);
    expect(await totals()).toEqual([1, 3, 1, 1, 0, 0]);
  });

  it.each([
    ["a provider that there is none of", { ...north, provider: "vsphere" }, ["provider"]],
    ["a site that the provider does not know", { ...north, externalId: "atlantis" }, ["externalId"]],
    ["an empty name", { ...north, name: "  " }, ["name"]],
    ["a name too long", { ...north, name: "n".repeat(256) }, ["name"]],
    ["an external id with NUL", { ...north, externalId: "a\0" }, ["externalId"]],
    ["an empty external id", { ...north, externalId: "" }, ["externalId"]],
    ["an empty vendor field", { ...north, datacenter: "" }, ["datacenter"]],
    ["a key that says nothing", { ...north, idempotencyKey: "" }, ["idempotencyKey"]],
  ])("refuses %s, and names the field", async (_what, input, path) => {
    expect(await stage.run("registerSite", input)).toMatchObject(invalid(...path));
    expect(await totals()).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("refuses a name that is taken without regard to case, and a site that is registered", async () => {
    await stage.run("registerSite", north);
    expect(await stage.run("registerSite", { ...north, name: "NORTH", externalId: "site-b" })).toMatchObject(invalid("name"));
    const again = await stage.run("registerSite", { ...north, name: "South" });
    expect(again).toMatchObject({ ...invalid("externalId"), message: "This site is registered already, as North." });
    expect(await totals()).toEqual([1, 3, 1, 1, 0, 0]);
  });

  it("of which two are sent at once makes one", async () => {
    const answers = await Promise.all([1, 2, 3].map(() => stage.run("registerSite", north)));
    const types = answers.map((answer) => text(answer, "__typename")).toSorted();
    expect(types.filter((type) => type === "RegisterSitePayload")).toHaveLength(1);
    expect(types.every((type) => ["RegisterSitePayload", "InvalidRequestError", "ConflictError"].includes(type))).toBe(true);
    expect(await totals()).toEqual([1, 3, 1, 1, 0, 0]);
  });

  it("says that a site does not answer", async () => {
    await stage.lab.faults.partition("site-a");
    expect(await stage.run("registerSite", north)).toMatchObject({ __typename: "ServiceUnavailableError", code: "SERVICE_UNAVAILABLE" });
    expect(await totals()).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe("changing a site", () => {
  it("changes what is given, clears what is null, and leaves the rest", async () => {
    const { protectedSite: siteId } = await stage.registered();
    const before = (await stage.changes()).length;
    const selection = "site { name type vcenterServer srmServer datacenter }";
    await stage.run("updateSite", { siteId, name: " North ", vcenterServer: "vc", srmServer: "srm" }, selection);
    const answer = await stage.run("updateSite", { siteId, vcenterServer: null, datacenter: "DC" }, selection);
    expect(answer).toMatchObject({
      site: { name: "North", type: "PROTECTED", vcenterServer: null, srmServer: "srm", datacenter: "DC" },
    });
    await stage.run("updateSite", { siteId, datacenter: "DC" });
    expect((await stage.changes()).slice(before)).toMatchObject(Array(2).fill({ kind: "SITE_CHANGED", change: "UPDATED" }));
  });

  it("is refused while a run of a plan uses the site, which it names; removing it too", async () => {
    const pair = await aPair(stage.asker.database);
    const group = await aGroup(stage.asker.database, pair, "web", 1);
    const planId = await aPlan(stage.asker.database, pair, "Plan", [{ groupIds: [group.groupId] }]);
    const { runId } = await aRun(stage.asker.database, pair, planId, [{ kind: "PAUSE", name: "p", status: "RUNNING" }]);
    for (const site of [pair.protectedSiteId, pair.recoverySiteId]) {
      const siteId = encodeId("Site", site);
      expect(await stage.run("updateSite", { siteId, datacenter: "Elsewhere" })).toMatchObject({
        __typename: "ConflictError",
        message: expect.stringContaining("in use by a run of the plan Plan"),
        activeRecoveryId: encodeId("Recovery", runId),
      });
      expect(await stage.run("removeSite", { siteId })).toMatchObject({ __typename: "ConflictError" });
    }
    await stage.asker.database.prisma.recovery.update({
      where: { id: runId },
      data: { endedAt: new Date(), state: "COMPLETED", resultState: "SUCCESS" },
    });
    const siteId = encodeId("Site", pair.protectedSiteId);
    expect(await stage.run("updateSite", { siteId, datacenter: "Elsewhere" }, "site { datacenter }")).toMatchObject({
      site: { datacenter: "Elsewhere" },
    });
  });

  it("refuses a name that another has, and none", async () => {
    const { protectedSite: siteId } = await stage.registered();
    expect(await stage.run("updateSite", { siteId, name: "SITE-B" })).toMatchObject(invalid("name"));
    expect(await stage.run("updateSite", { siteId, name: null })).toMatchObject(invalid("name"));
    expect(await stage.run("updateSite", { siteId, name: "\t" })).toMatchObject(invalid("name"));
    expect(await stage.run("updateSite", { siteId, srmServer: "s\0" })).toMatchObject(invalid("srmServer"));
    const nobody = encodeId("Site", "0190aaaa-0000-7000-8000-000000000000");
    expect(await stage.run("updateSite", { siteId: nobody, name: "X" })).toMatchObject({ code: "NOT_FOUND", resource: "Site" });
    expect(await stage.run("updateSite", { siteId: encodeId("Task", "0190aaaa-0000-7000-8000-000000000000") })).toMatchObject(
      invalid("siteId"),
    );
  });
});

describe("removing a site", () => {
  it("takes its inventory along", async () => {
    const { siteId } = { siteId: text(await stage.run("registerSite", north, "site { id }"), "site.id") };
    const before = (await stage.changes()).length;
    expect(await stage.run("removeSite", { siteId }, "removedSiteId")).toMatchObject({ removedSiteId: siteId });
    expect(await totals()).toEqual([0, 0, 0, 0, 0, 0]);
    const changes = (await stage.changes()).slice(before);
    expect(changes[0]).toMatchObject({ kind: "SITE_CHANGED", change: "DELETED", name: "North" });
    expect(
      changes
        .slice(1)
        .map(({ kind, change, name }) => `${kind} ${change} ${name}`)
        .toSorted(),
    ).toEqual(["vm-1", "vm-2", "vm-3"].map((name) => `VM_CHANGED DELETED ${name}`));
    expect(await stage.run("removeSite", { siteId })).toMatchObject({ __typename: "NotFoundError" });
  });

  it("tells of the VMs elsewhere that one of its own depended on: nothing keeps them in their groups any more", async () => {
    const { prisma } = stage.asker.database;
    const [goes, stays] = [text(await stage.run("registerSite", north, "site { id }"), "site.id"), await aPair(stage.asker.database)];
    const [needed] = (await aGroup(stage.asker.database, stays, "web", 1)).vmIds;
    const names = { in: ["vm-1", "vm-2"] };
    const own = await prisma.virtualMachine.findMany({ where: { siteId: idOf("Site", goes), name: names }, orderBy: { name: "asc" } });
    const [first = "", second = ""] = own.map(({ id }) => id);
    const dependencies = [needed ?? "", second].map((dependsOnVmId) => ({ vmId: first, dependsOnVmId }));
    await prisma.vmDependency.createMany({ data: dependencies });
    const before = (await stage.changes()).length;
    expect(await stage.run("removeSite", { siteId: goes }, "removedSiteId")).toMatchObject({ removedSiteId: goes });
    const updated = (await stage.changes()).slice(before).filter(({ kind, change }) => kind === "VM_CHANGED" && change === "UPDATED");
    expect(updated).toMatchObject([{ id: needed, name: "web-vm-01" }]);
  });

  it("is refused while something refers to it, and says what", async () => {
    const pair = await aPair(stage.asker.database);
    const group = await aGroup(stage.asker.database, pair, "web", 7);
    await aPlan(stage.asker.database, pair, "Plan", [{ groupIds: [group.groupId] }]);
    const siteId = encodeId("Site", pair.protectedSiteId);
    expect(await stage.run("removeSite", { siteId })).toMatchObject({
      __typename: "ConflictError",
      message:
        "The site Pair Primary is paired with Pair Recovery, has the protection groups web, has the recovery plans Plan, has the protected VMs web-vm-01, web-vm-02, web-vm-03, web-vm-04, web-vm-05 and 2 more.",
      remedy: "Delete its plans and protection groups first, then unpair it (unpairSites).",
    });
    expect(await totals()).toEqual([2, 7, 3, 2, 2, 2]);
  });

  it("of a VM's own mapping to it leaves nothing", async () => {
    const { prisma } = stage.asker.database;
    const pair = await aPair(stage.asker.database);
    const vm = await prisma.virtualMachine.create({ data: { siteId: pair.protectedSiteId, externalId: "x", name: "x" } });
    const { sourceNetworkId, targetNetworkId } = pair;
    await prisma.vmNetworkMapping.create({ data: { vmId: vm.id, sourceNetworkId, targetNetworkId } });
    await stage.run("unpairSites", { pairingId: encodeId("SitePairing", pair.pairingId) });
    await stage.run("removeSite", { siteId: encodeId("Site", pair.recoverySiteId) });
    expect(await prisma.vmNetworkMapping.count()).toBe(0);
  });
});

describe("pairing sites", () => {
  it("stores the protected one as local, whichever comes first", async () => {
    const { pairing, ...ids } = await stage.registered();
    await stage.run("unpairSites", { pairingId: pairing });
    const input = { localSiteId: ids.recoverySite, remoteSiteId: ids.protectedSite };
    const selection = `pairing { pairingState connectionState replicationHealth lastHeartbeatAt localSite { id pairing { id } } remoteSite { id pairings { id } } arrayManagers { id } replicationServers { id } }`;
    expect(await stage.run("pairSites", input, selection)).toMatchObject({
      pairing: {
        ...{ pairingState: "PAIRED", replicationHealth: "UNKNOWN", lastHeartbeatAt: null, arrayManagers: [], replicationServers: [] },
        localSite: { id: ids.protectedSite },
        remoteSite: { id: ids.recoverySite, pairings: [{ id: expect.any(String) }] },
      },
    });
    const changes = (await stage.changes()).slice(-3).map(({ kind, change }) => `${kind} ${change}`);
    expect(changes).toEqual(["PAIRING_CHANGED CREATED", "SITE_CHANGED UPDATED", "SITE_CHANGED UPDATED"]);
  });

  it("refuses a site twice, sites that there are none of, and a pair that there is", async () => {
    const { protectedSite, recoverySite } = await stage.registered();
    const nobody = encodeId("Site", "0190aaaa-0000-7000-8000-000000000000");
    const pair = (localSiteId: string, remoteSiteId: string) => stage.run("pairSites", { localSiteId, remoteSiteId });
    expect(await pair(protectedSite, protectedSite)).toMatchObject(invalid("remoteSiteId"));
    expect(await pair(nobody, recoverySite)).toMatchObject(invalid("localSiteId"));
    expect(await pair(protectedSite, nobody)).toMatchObject(invalid("remoteSiteId"));
    expect(await pair(recoverySite, protectedSite)).toMatchObject({
      __typename: "ConflictError",
      message: "site-b and site-a are paired already.",
    });
  });

  it("at once with somebody else makes one pair", async () => {
    const { pairing, protectedSite, recoverySite } = await stage.registered();
    await stage.run("unpairSites", { pairingId: pairing });
    const answers = await Promise.all([
      stage.run("pairSites", { localSiteId: protectedSite, remoteSiteId: recoverySite }),
      stage.run("pairSites", { localSiteId: recoverySite, remoteSiteId: protectedSite }),
    ]);
    expect(answers.map((answer) => text(answer, "__typename")).toSorted()).toEqual(["ConflictError", "PairSitesPayload"]);
  });
});

describe("taking a pair apart", () => {
  it("takes its mappings along", async () => {
    const { prisma } = stage.asker.database;
    const pair = await aPair(stage.asker.database);
    const pairingId = encodeId("SitePairing", pair.pairingId);
    expect(await stage.run("unpairSites", { pairingId }, "removedPairingId")).toMatchObject({ removedPairingId: pairingId });
    const counts = [
      prisma.sitePairing.count(),
      prisma.networkMapping.count(),
      prisma.folderMapping.count(),
      prisma.resourceMapping.count(),
      prisma.arrayManager.count(),
      prisma.replicationServer.count(),
    ];
    expect(await Promise.all(counts)).toEqual([0, 0, 0, 0, 0, 0]);
    expect((await stage.changes()).at(-3)).toMatchObject({
      kind: "PAIRING_CHANGED",
      change: "DELETED",
      name: "Pair Primary and Pair Recovery",
    });
    expect(await stage.run("unpairSites", { pairingId })).toMatchObject({ __typename: "NotFoundError", resource: "SitePairing" });
  });

  it("is refused while groups or plans are on it, and says which", async () => {
    const pair = await aPair(stage.asker.database);
    const pairingId = encodeId("SitePairing", pair.pairingId);
    const group = await aGroup(stage.asker.database, pair, "web", 1);
    const remedy = "Delete them first: plans, then protection groups.";
    const groups = "The pair Pair Primary and Pair Recovery has the protection groups web";
    expect(await stage.run("unpairSites", { pairingId })).toMatchObject({ __typename: "ConflictError", message: `${groups}.`, remedy });
    await aPlan(stage.asker.database, pair, "Plan", [{ groupIds: [group.groupId] }]);
    expect(await stage.run("unpairSites", { pairingId })).toMatchObject({ message: `${groups} and the recovery plans Plan.` });
    expect(await stage.asker.database.prisma.networkMapping.count()).toBe(1);
  });
});
