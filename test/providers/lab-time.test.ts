/** The lab's sites change with time, not with the gateway: here their clock stands still until a test moves it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EffectKind, EffectRequest, VmStatus } from "../../src/providers/contract.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase } from "../support/database.ts";
import { aLab, LabClock, type LabSites, labSites, registration } from "../support/lab.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;
let clock: LabClock;
let pair = 0;

beforeAll(async () => {
  db = await freshDatabase();
  await (await openLab({ url: db.url, guestServices: false })).close();
  clock = await LabClock.stopped(db.url);
});
afterAll(async () => {
  await clock[Symbol.asyncDispose]();
  await db.drop();
});

const signal = new AbortController().signal;

/** A lab with sites of its own in the shared database, at real speed. */
async function slowLab(speed: number | "instant" = 1, seed = "a seed") {
  const lab = await aLab(db.url, labSites({ vms: 2, prefix: `pair-${++pair}-` }), { speed, seed });
  const run = `run-${pair}`;
  let keys = 0;
  const order = <K extends EffectKind>(kind: K, request: EffectRequest<K>, key = `${run}/${++keys}`) =>
    lab.provider.order(lab.sites.recoverySite, kind, request, { key, runId: run, epoch: 1n, signal });
  return { lab, run, order, sites: lab.sites, [Symbol.asyncDispose]: () => lab.close() };
}

/** A VM's copy that is registered; time has passed. */
async function aTestVm({ lab, order, sites }: Awaited<ReturnType<typeof slowLab>>): Promise<string> {
  const [vm] = sites.vms;
  const [point] = await lab.provider.recoveryPoints(sites.recoverySite, sites.groups[0]?.id ?? "", signal);
  if (vm === undefined || point === undefined) throw new Error("The lab has no VM or no recovery point.");
  const key = `${sites.recoverySite}/snapshot`;
  await order("createSnapshot", { groupId: vm.groupId, pointId: point.pointId, name: "a test" }, key);
  await clock.advance(60);
  const snapshot = await order("createSnapshot", { groupId: vm.groupId, pointId: point.pointId, name: "a test" }, key);
  if (snapshot.state !== "SUCCEEDED") throw new Error("There is no snapshot.");
  const request = registration(sites, vm, snapshot.result.snapshotId);
  await order("registerVm", request, `${sites.recoverySite}/vm`);
  await clock.advance(60);
  const registered = await order("registerVm", request, `${sites.recoverySite}/vm`);
  if (registered.state !== "SUCCEEDED") throw new Error("There is no VM.");
  return registered.result.vmId;
}

async function status(lab: Lab, sites: LabSites, vmId: string): Promise<VmStatus | undefined> {
  return (await lab.provider.vmStatus(sites.recoverySite, [vmId], signal)).get(vmId);
}

/** How long the newest effect takes, in seconds. */
async function secondsOfLast(lab: Lab, run: string): Promise<number> {
  const entry = (await lab.ledger(run)).at(-1);
  if (entry === undefined) throw new Error("The ledger is empty.");
  return (entry.effectiveAt.getTime() - entry.orderedAt.getTime()) / 1000;
}

describe("an effect", () => {
  it("runs until its time has come, whether or not a gateway lives", async () => {
    await using at = await slowLab();
    const groupId = at.sites.groups[0]?.id ?? "";
    const ordered = await at.order("synchronise", { groupId }, "sync");
    const seconds = await secondsOfLast(at.lab, at.run);
    expect(ordered).toEqual({ state: "RUNNING", progressPercent: 0, remainingMs: expect.closeTo(seconds * 1000, -1) });
    const half = Math.ceil(seconds * 500) / 1000;
    await clock.advance(half);
    expect(await at.order("synchronise", { groupId }, "sync")).toEqual({
      state: "RUNNING",
      progressPercent: 50,
      remainingMs: expect.closeTo(half * 1000, -1),
    });
    await at.lab.close();
    await clock.advance(half);
    await using again = await openLab({ url: db.url, guestServices: false });
    const seen = await again.provider.observe(at.sites.recoverySite, ["sync"], { runId: at.run, epoch: 2n, signal });
    expect(seen.get("sync")).toMatchObject({ state: "SUCCEEDED" });
  });

  it("synchronise copies what was there when it was ordered, and is no complete point before its end", async () => {
    await using at = await slowLab();
    const groupId = at.sites.groups[0]?.id ?? "";
    await clock.advance(1);
    const ordered = clock.now.toISOString();
    await at.order("synchronise", { groupId }, "sync-2");
    const [point] = await at.lab.provider.recoveryPoints(at.sites.recoverySite, groupId, signal);
    expect(point).toMatchObject({ takenAt: ordered, complete: false });
    const pointId = point?.pointId ?? "";
    await expect(at.order("createSnapshot", { groupId, pointId, name: "a test" })).rejects.toMatchObject({ code: "REFUSED" });
    await expect(at.order("promote", { groupId, pointId })).rejects.toMatchObject({ code: "REFUSED" });
    await expect(at.order("discardPoint", { groupId, pointId })).rejects.toMatchObject({ code: "REFUSED" });
    await clock.advance(31);
    const end = await at.order("synchronise", { groupId }, "sync-2");
    expect(end).toMatchObject({ state: "SUCCEEDED", result: { pointId, takenAt: ordered } });
  });

  it("that is cancelled under way leaves nothing", async () => {
    await using at = await slowLab();
    const groupId = at.sites.groups[0]?.id ?? "";
    await at.order("synchronise", { groupId }, "sync-3");
    await at.lab.provider.cancel(at.sites.recoverySite, "sync-3", { runId: at.run, epoch: 1n, signal });
    expect(await at.order("synchronise", { groupId }, "sync-3")).toMatchObject({ state: "FAILED", code: "CANCELLED" });
    expect(await at.lab.ledger(at.run)).toEqual([]);
    expect(await at.lab.provider.recoveryPoints(at.sites.recoverySite, groupId, signal)).toHaveLength(1);
  });

  it("takes as long as seed, kind and target say: the same again, another with another seed", async () => {
    const durations = [];
    for (const seed of ["one", "one", "two"]) {
      await using at = await slowLab(1, seed);
      await at.order("createIsolatedNetwork", { name: "isolated" });
      durations.push(await secondsOfLast(at.lab, at.run));
    }
    expect(durations[0]).toBe(durations[1]);
    expect(durations[0]).not.toBe(durations[2]);
    for (const duration of durations) expect(duration).toSatisfy((seconds: number) => seconds >= 1 && seconds <= 2);
  });

  it("takes a tenth of the time at speed 10, and none at speed instant", async () => {
    const durations = [];
    for (const speed of [1, 10, "instant"] as const) {
      await using at = await slowLab(speed);
      await at.order("createIsolatedNetwork", { name: "isolated" });
      durations.push(await secondsOfLast(at.lab, at.run));
    }
    expect(durations[1]).toBeCloseTo((durations[0] ?? 0) / 10, 2);
    expect(durations[2]).toBe(0);
  });
});

describe("a VM", () => {
  it("powers on, boots, reports, and powers off, each in its time", async () => {
    await using at = await slowLab();
    const vmId = await aTestVm(at);
    await at.order("powerOn", { vmId });
    expect(await status(at.lab, at.sites, vmId)).toMatchObject({ powerState: "POWERED_OFF", heartbeatAt: null });
    await clock.advance(7);
    expect(await status(at.lab, at.sites, vmId)).toMatchObject({ powerState: "POWERED_ON", heartbeatAt: null, ipAddresses: [] });
    await clock.advance(41);
    const booted = await status(at.lab, at.sites, vmId);
    expect(booted).toMatchObject({ powerState: "POWERED_ON", ipAddresses: ["10.1.0.1"] });
    expect(clock.now.getTime() - Date.parse(booted?.heartbeatAt ?? "")).toBeLessThanOrEqual(1_000);
    await at.order("powerOff", { vmId });
    expect(await status(at.lab, at.sites, vmId)).toMatchObject({ powerState: "POWERED_ON" });
    await clock.advance(3);
    expect(await status(at.lab, at.sites, vmId)).toMatchObject({ powerState: "POWERED_OFF", heartbeatAt: null, ipAddresses: [] });
  });

  it("that is being powered on can't be removed, and is powered on once only", async () => {
    await using at = await slowLab();
    const vmId = await aTestVm(at);
    await at.order("powerOn", { vmId });
    expect(await at.order("powerOn", { vmId })).toMatchObject({ state: "RUNNING" });
    await expect(at.order("removeVm", { vmId })).rejects.toMatchObject({ code: "REFUSED" });
    expect((await at.lab.ledger(at.run)).filter(({ kind }) => kind === "powerOn")).toHaveLength(1);
  });

  it("is an artefact until its removal is complete", async () => {
    await using at = await slowLab();
    const vmId = await aTestVm(at);
    const vms = async () => (await at.lab.provider.artefacts(at.sites.recoverySite, at.run, signal)).filter(({ kind }) => kind === "VM");
    await at.order("removeVm", { vmId });
    expect(await vms()).toHaveLength(1);
    await clock.advance(1.001);
    expect(await vms()).toHaveLength(0);
  });

  it("gets the same address again where it is to ask a DHCP server", async () => {
    const addresses = [];
    await using at = await slowLab();
    const vmId = await aTestVm(at);
    const nics = [{ nicIndex: 0, ip: null, prefixLength: null, gateway: null, dnsServers: [], dnsSuffix: null }];
    for (let round = 0; round < 2; round++) {
      await at.order("customiseIp", { vmId, hostName: "vm", nics });
      await at.order("powerOn", { vmId });
      await clock.advance(60);
      addresses.push((await status(at.lab, at.sites, vmId))?.ipAddresses);
      await at.order("powerOff", { vmId });
      await clock.advance(60);
    }
    expect(addresses[0]).toEqual([expect.stringMatching(/^10\.254\./)]);
    expect(addresses[1]).toEqual(addresses[0]);
  });

  it("is shut down in its guest's time, and powered off at the time-out when it is slower or does not answer", async () => {
    await using at = await slowLab();
    const [vm] = at.sites.vms;
    if (vm === undefined) throw new Error("The lab has no VM.");
    const site = at.sites.protectedSite;
    const call = (key: string) => ({ key: `${at.run}/${key}`, runId: at.run, epoch: 1n, signal });
    const shutDown = async (key: string) => {
      const request = { vmId: vm.id, guestTimeoutSeconds: 30 };
      await at.lab.provider.order(site, "shutDownVm", request, call(key));
      const seconds = await secondsOfLast(at.lab, at.run);
      await clock.advance(seconds + 0.001);
      const { state, ...end } = await at.lab.provider.order(site, "shutDownVm", request, call(key));
      expect(state).toBe("SUCCEEDED");
      await at.lab.provider.order(site, "powerOn", { vmId: vm.id }, call(`${key}, then on`));
      await clock.advance(60);
      return { ...end, seconds };
    };
    const quick = await shutDown("quick");
    expect(quick).toMatchObject({ result: { forced: false } });
    expect(quick.seconds).toSatisfy((seconds: number) => seconds >= 1 && seconds <= 6);
    const heal = await at.lab.faults.latency(31_000, { kind: "shutDownVm" });
    const slow = await shutDown("slow");
    expect(slow).toMatchObject({ result: { forced: true } });
    expect(slow.seconds).toSatisfy((seconds: number) => seconds > 30 && seconds < 33);
    await heal();
    await using _ = { [Symbol.asyncDispose]: await at.lab.faults.loseHeartbeat(vm.id) };
    expect(await shutDown("silent")).toMatchObject({ result: { forced: true }, seconds: slow.seconds });
  });
});
