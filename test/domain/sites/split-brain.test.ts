/** An original that comes back while its recovered copy runs: found by the next heartbeat, named, powered off or asked about. */
import fc from "fast-check";
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { createHeartbeats, type Heartbeats } from "../../../src/engine/heartbeat/heartbeats.ts";
import { nextOriginal, type OriginalState, type Power, toPowerOff } from "../../../src/engine/heartbeat/originals.ts";
import { defaultHeartbeat } from "../../../src/engine/heartbeat/settings.ts";
import { done, recoverAll } from "../../support/lab-recovery.ts";
import { rewinder } from "../../support/rewinder.ts";
import { at, list, text } from "../read/support.ts";
import { aStage, type Stage } from "./stage.ts";

let stage: Stage;
let ids: Awaited<ReturnType<Stage["registered"]>>;
let node: Heartbeats;
let rewind: () => Promise<void>;
let copies: ReadonlyMap<string, string>;
let planId: string;
const vm = () => ({ original: stage.sites.vms[0]?.id ?? "", copy: copies.get(stage.sites.vms[0]?.id ?? "") ?? "" });

beforeAll(async () => {
  stage = await aStage(2);
  ids = await stage.registered();
  copies = await recoverAll({ ...stage.lab, sites: stage.sites });
  planId = await aRecoveredPlan();
  const { pool } = stage.asker.database;
  const log = { info: () => undefined, warn: () => undefined };
  const providers = new Map([["lab", stage.lab.provider]]);
  node = createHeartbeats({ pool, providers, settings: defaultHeartbeat, announce: () => undefined, log });
  rewind = await rewinder(stage.asker);
});
beforeEach(async () => {
  await rewind();
  const { protectedSite, recoverySite, vms } = stage.sites;
  for (const { id } of vms) await done(stage.lab, protectedSite, "powerOff", { vmId: id });
  for (const vmId of copies.values()) await done(stage.lab, recoverySite, "powerOn", { vmId });
});
afterAll(() => stage.close());

/** Rows as a disaster recovery leaves them. */
async function aRecoveredPlan(): Promise<string> {
  const { prisma } = stage.asker.database;
  const [protectedSite, recoverySite] = await prisma.site.findMany({ orderBy: { type: "asc" } });
  const pairing = await prisma.sitePairing.findFirstOrThrow();
  const sides = { protectedSiteId: protectedSite?.id ?? "", recoverySiteId: recoverySite?.id ?? "" };
  const group = await prisma.protectionGroup.create({
    data: { name: "web", externalId: "web", type: "REPLICATION", replicationType: "SAN", state: "RECOVERED", ...sides },
  });
  const plan = await prisma.recoveryPlan.create({ data: { name: "Web", pairingId: pairing.id, lifecycle: "RECOVERY_COMPLETE" } });
  const tier = await prisma.planPriorityGroup.create({ data: { planId: plan.id, priority: 1, name: "all" } });
  await prisma.planProtectionGroup.create({ data: { planId: plan.id, groupId: group.id, priorityGroupId: tier.id } });
  const run = await prisma.recovery.create({
    data: {
      ...{ id: uuid(), planId: plan.id, planName: "Web", pairingId: pairing.id, kind: "DISASTER", options: {}, initiatedBy: "olga" },
      ...{ state: "COMPLETED", resultState: "SUCCESS", endedAt: new Date() },
    },
  });
  for (const row of await prisma.virtualMachine.findMany({ where: { siteId: sides.protectedSiteId } })) {
    await prisma.protectedVm.create({ data: { vmId: row.id, groupId: group.id, placeholderExternalId: "p" } });
    await prisma.recoveredVm.create({
      data: {
        ...{ vmId: row.id, groupId: group.id, runId: run.id, originalSiteId: sides.protectedSiteId, originalExternalId: row.externalId },
        ...{ recoverySiteId: sides.recoverySiteId, recoveredExternalId: copies.get(row.externalId) ?? "" },
      },
    });
  }
  return plan.id;
}

const comesBack = () => done(stage.lab, stage.sites.protectedSite, "powerOn", { vmId: vm().original });
const isOn = async (site: string, vmId: string) =>
  (await stage.lab.provider.vmStatus(site, [vmId], AbortSignal.timeout(60_000))).get(vmId)?.powerState === "POWERED_ON";
const both = async () => [await isOn(stage.sites.protectedSite, vm().original), await isOn(stage.sites.recoverySite, vm().copy)];

async function vmId(): Promise<string> {
  const { prisma } = stage.asker.database;
  const found = await prisma.virtualMachine.findFirstOrThrow({ where: { externalId: vm().original } });
  return encodeId("VirtualMachine", found.id);
}
async function shown() {
  const query = `query ($plan: ID!, $site: ID!, $vm: ID!) {
    recoveryPlan(id: $plan) { lifecycle faults { code message } protectionGroups { nodes { state faults { code message } } } }
    site(id: $site) { summary { issues { code message } } }
    vm(id: $vm) { allowedOperations { operation allowed code reason } } }`;
  const answer = await stage.asker.ask(query, { plan: encodeId("RecoveryPlan", planId), site: ids.recoverySite, vm: await vmId() });
  const of = (path: string) =>
    list(answer, path).flatMap((fault) => (text(fault, "code") === "SPLIT_BRAIN" ? [text(fault, "message")] : []));
  const operation = list(answer, "vm.allowedOperations").find((one) => text(one, "operation") === "RESOLVE_SPLIT_BRAIN");
  return {
    lifecycle: text(answer, "recoveryPlan.lifecycle"),
    group: text(answer, "recoveryPlan.protectionGroups.nodes.0.state"),
    plan: of("recoveryPlan.faults"),
    faults: of("recoveryPlan.protectionGroups.nodes.0.faults"),
    issues: of("site.summary.issues"),
    operation,
  };
}
const resolve = async (keep: string, comment = "the copy is newer") =>
  stage.run("resolveSplitBrain", { vmId: await vmId(), keep, comment }, "vm { id }", ["RECOVERY_ADMIN"]);
const asks = () => stage.run("updatePairing", { pairingId: ids.pairing, powersOffOriginals: false }, "pairing { powersOffOriginals }");

describe("a recovered VM", () => {
  it("is in doubt until its original is proven off, and its group and plan say so", async () => {
    const message = "The originals of recovered VMs are not proven off: vm-1, vm-2.";
    expect(await shown()).toMatchObject({ plan: [message], faults: [message], issues: [] });
    await node.beat();
    expect(await shown()).toMatchObject({ plan: [], faults: [] });
  });

  it("whose original comes back is named by the next heartbeat, and the original is powered off, the copy goes on", async () => {
    await node.beat();
    const before = (await stage.changes()).length;
    await comesBack();
    await node.beat();
    const message = "Recovered VMs run on both sites: vm-1.";
    expect(await shown()).toMatchObject({ plan: [message], faults: [message], issues: [message] });
    const kinds = new Set((await stage.changes()).slice(before).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(["PLAN_CHANGED", "PROTECTION_GROUP_CHANGED", "SITE_CHANGED", "VM_CHANGED"]);
    expect(await both()).toEqual([false, true]);
    await node.beat();
    expect(await shown()).toMatchObject({ plan: [], issues: [], lifecycle: "RECOVERY_COMPLETE" });
  });

  /** The run is open still, and has registered the copy of one VM. */
  async function isBeingRecovered(): Promise<void> {
    const { prisma } = stage.asker.database;
    const [first] = await prisma.recoveredVm.findMany({ include: { vm: true }, orderBy: { vm: { name: "asc" } } });
    if (first === undefined) throw new Error("Nothing is recovered.");
    await prisma.recoveredVm.deleteMany();
    const { runId, vmId: id, groupId, recoveredExternalId: copy, originalExternalId: externalId } = first;
    const sides = { protectedSite: { id: first.originalSiteId }, recoverySite: { id: first.recoverySiteId } };
    await prisma.recovery.update({ where: { id: runId }, data: { state: "RUNNING", resultState: null, endedAt: null } });
    await prisma.recoverySnapshot.create({ data: { runId, content: { ...sides, vms: [{ id, externalId }] } } });
    const step = {
      key: `REGISTER_VM:${id}`,
      path: "1",
      kind: "REGISTER_VM",
      name: "Register",
      status: "SUCCEEDED",
      expectedSeconds: 1,
    } as const;
    await prisma.recoveryStep.create({ data: { runId, ordinal: 1, ...step, vmId: id, groupId, spec: {}, result: { vmId: copy } } });
  }

  it("counts as recovered from when its copy is registered: an original that comes back during the run is found as well", async () => {
    await isBeingRecovered();
    await comesBack();
    await node.beat();
    expect(await shown()).toMatchObject({ issues: ["Recovered VMs run on both sites: vm-1."] });
    expect(await both()).toEqual([false, true]);
  });

  it("is in doubt from then on, and whoever is told of changes reads its group and plan again", async () => {
    await node.beat();
    await isBeingRecovered();
    await comesBack();
    await done(stage.lab, stage.sites.recoverySite, "powerOff", { vmId: vm().copy });
    const before = (await stage.changes()).length;
    await node.beat();
    const message = "The originals of recovered VMs are not proven off: vm-1.";
    expect(await shown()).toMatchObject({ plan: [message], faults: [message], issues: [] });
    const changes = (await stage.changes()).slice(before).map(({ kind, name }) => [kind, name]);
    expect(changes).toEqual([
      ["PROTECTION_GROUP_CHANGED", "web"],
      ["PLAN_CHANGED", "Web"],
    ]);
  });

  it("is powered off on neither side where the pair says to ask, until somebody decides for the copy", async () => {
    expect(await asks()).toMatchObject({ pairing: { powersOffOriginals: false } });
    await comesBack();
    await node.beat();
    await node.beat();
    expect(await both()).toEqual([true, true]);
    expect(await shown()).toMatchObject({ operation: { allowed: true, reason: null } });
    expect(await resolve("RECOVERED", " ")).toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["comment"] }] });
    expect(await resolve("RECOVERED")).toMatchObject({ vm: { id: await vmId() } });
    expect(await resolve("ORIGINAL")).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("olga has decided") });
    await node.beat();
    expect(await both()).toEqual([false, true]);
    await node.beat();
    expect(await shown()).toMatchObject({ plan: [], lifecycle: "RECOVERY_COMPLETE", group: "RECOVERED" });
  });

  it("is no longer recovered when its original is kept: the copy is off and still there, and the plan can be run or accepted", async () => {
    await asks();
    await comesBack();
    await node.beat();
    expect(await resolve("ORIGINAL")).toMatchObject({ vm: {} });
    await node.beat();
    expect(await both()).toEqual([true, false]);
    await node.beat();
    expect(await both()).toEqual([true, false]);
    expect(await shown()).toMatchObject({ lifecycle: "RECOVERY_INCOMPLETE", group: "PARTIALLY_RECOVERED", plan: [] });
    const { sites, lab } = stage;
    expect((await lab.provider.vmStatus(sites.recoverySite, [vm().copy], AbortSignal.timeout(60_000))).size).toBe(1);
  });

  it("that was the last one leaves nothing to accept or to reprotect: the plan is READY, and the group can be made anew", async () => {
    await asks();
    await comesBack();
    await done(stage.lab, stage.sites.protectedSite, "powerOn", { vmId: stage.sites.vms[1]?.id ?? "" });
    await node.beat();
    const { prisma } = stage.asker.database;
    const { runId, groupId } = await prisma.recoveredVm.findFirstOrThrow();
    await prisma.recovery.update({ where: { id: runId }, data: { endedAt: new Date() } });
    await prisma.groupUse.create({ data: { runId, groupId } });
    await prisma.recoveredVm.updateMany({ data: { kept: "ORIGINAL", keptBy: "olga", keptAt: new Date() } });
    await node.beat();
    await node.beat();
    expect(await prisma.recoveredVm.count()).toBe(0);
    expect(await shown()).toMatchObject({ lifecycle: "READY", group: "NOT_READY", plan: [] });
    expect(await prisma.groupUse.count()).toBe(0);
    const group = await prisma.protectionGroup.findFirstOrThrow();
    expect(group).toMatchObject({ faultCode: "PROTECTION_ENDED" });
    const query = "query ($id: ID!) { protectionGroup(id: $id) { allowedOperations { operation allowed } } }";
    const answer = await stage.asker.ask(query, { id: encodeId("ProtectionGroup", group.id) });
    expect(list(answer, "protectionGroup.allowedOperations")).toContainEqual({ operation: "FORCE_DELETE_PROTECTION_GROUP", allowed: true });
  });

  it("keeps its copy when the original that was decided for goes off by itself", async () => {
    await asks();
    await comesBack();
    await node.beat();
    await resolve("ORIGINAL");
    await done(stage.lab, stage.sites.protectedSite, "powerOff", { vmId: vm().original });
    await node.beat();
    await node.beat();
    expect(await both()).toEqual([false, true]);
  });

  it("is not decided about while it does not run on both sites: the mutation refuses as allowedOperations tell", async () => {
    await node.beat();
    const { operation } = await shown();
    const refused = await resolve("RECOVERED");
    expect(operation).toMatchObject({ allowed: false, code: "CONFLICT", reason: text(refused, "message") });
  });

  it("is not a second VM in the inventory of the recovery site", async () => {
    const { prisma } = stage.asker.database;
    const before = await prisma.virtualMachine.count();
    const told = await stage.lab.provider.inventory(stage.sites.recoverySite, AbortSignal.timeout(60_000));
    expect(told.virtualMachines.map((one) => one.vmId)).toEqual(expect.arrayContaining([...copies.values()]));
    expect(at(await stage.run("refreshInventory", { siteId: ids.recoverySite }, "site { id }"), "site.id")).toBe(ids.recoverySite);
    expect(await prisma.virtualMachine.count()).toBe(before);
  });

  // The last one: sites remember the latest time that somebody spoke to them of a VM.
  it("is found as soon as its site answers again, long before the site is CONNECTED", async () => {
    await node.beat();
    const heal = await stage.lab.faults.partition(stage.sites.protectedSite);
    await stage.asker.shiftClock(31);
    await node.beat();
    await heal();
    await comesBack();
    await node.beat();
    const primary = await stage.asker.database.prisma.site.findFirstOrThrow({ where: { type: "PROTECTED" } });
    expect(primary.state).toBe("DISCONNECTED");
    expect(await both()).toEqual([false, true]);
  });
});

describe("which of the two is powered off", () => {
  const power = fc.constantFrom<Power | null>("ON", "OFF", "UNKNOWN", null);
  const looks = fc.array(fc.record({ original: power, copy: power, decides: fc.constantFrom("RECOVERED", "ORIGINAL", null) }), {
    maxLength: 30,
  });

  it("is never the last one that runs, for every sequence of what sites tell and somebody decides", () => {
    fc.assert(
      fc.property(looks, fc.boolean(), (all, powersOff) => {
        let state: OriginalState = { offSince: null, bothOnSince: null, kept: null };
        for (const [now, { decides, ...seen }] of all.entries()) {
          const next = nextOriginal(state, seen, now + 1);
          if (next === "ORIGINAL_KEPT") {
            expect([seen, state.kept]).toEqual([{ original: "ON", copy: "OFF" }, "ORIGINAL"]);
            return;
          }
          state = next;
          if (seen.original === "ON" && seen.copy === "ON") expect(state.bothOnSince).not.toBeNull();
          if (seen.original === "OFF" || state.offSince !== null) expect(state).toMatchObject({ bothOnSince: null });
          const off = toPowerOff(state, seen, powersOff);
          if (off !== null) expect([seen.original, state.bothOnSince === null]).toEqual(["ON", false]);
          if (off === "COPY") expect(state.kept).toBe("ORIGINAL");
          if (off === "ORIGINAL") expect(state.kept === "RECOVERED" || (powersOff && state.kept === null)).toBe(true);
          if (state.bothOnSince !== null && state.kept === null) state = { ...state, kept: decides };
        }
      }),
    );
  });
});
