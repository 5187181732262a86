/** Sites, links and components that fail and come back. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase } from "../support/database.ts";
import { aLab, LabClock, labSites } from "../support/lab.ts";
import { contentOf, done, type LabWithSites } from "../support/lab-recovery.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;
let clock: LabClock;
let lab: LabWithSites;
let pair = 0;

beforeAll(async () => {
  db = await freshDatabase();
  await (await openLab({ url: db.url, guestServices: false })).close();
  clock = await LabClock.stopped(db.url);
});
beforeEach(async () => {
  lab = await aLab(db.url, labSites({ vms: 3, prefix: `pair-${++pair}-` }));
});
afterEach(async () => {
  await lab.faults.clear();
  await lab.close();
});
afterAll(async () => {
  await clock[Symbol.asyncDispose]();
  await db.drop();
});

const signal = AbortSignal.timeout(60_000);
const unreachable = { failure: "TRANSIENT", code: "SITE_UNREACHABLE" };
const heartbeat = (from: "protectedSite" | "recoverySite" = "recoverySite") => {
  const { protectedSite, recoverySite } = lab.sites;
  const [site, peer] = from === "recoverySite" ? [recoverySite, protectedSite] : [protectedSite, recoverySite];
  return lab.provider.heartbeat(site, peer, signal);
};
const synchronise = () => done(lab, lab.sites.recoverySite, "synchronise", { groupId: lab.sites.vms[0]?.groupId ?? "" });

describe("a heartbeat", () => {
  it("tells that all is well: the other site, and what replicates between the two", async () => {
    const { arrayManager, replicationServer } = lab.sites;
    const components = [
      { kind: "ARRAY_MANAGER", name: arrayManager, state: "CONNECTED" },
      { kind: "REPLICATION_SERVER", name: replicationServer, state: "CONNECTED" },
    ];
    for (const from of ["protectedSite", "recoverySite"] as const) {
      expect(await heartbeat(from)).toEqual({ peerReachable: true, components });
    }
  });

  it("is lost as often as said, while the site does everything else", async () => {
    await lab.faults.missHeartbeats(lab.sites.recoverySite, 2);
    for (let time = 0; time < 2; time++) await expect(heartbeat()).rejects.toMatchObject(unreachable);
    await synchronise();
    expect(await heartbeat()).toMatchObject({ peerReachable: true });
  });

  it("names a component's state, as both sites tell it or as one does", async () => {
    const { arrayManager, replicationServer, recoverySite } = lab.sites;
    const heal = await lab.faults.component(replicationServer, "DISCONNECTED");
    await lab.faults.component(arrayManager, "ERROR", recoverySite);
    const states = async (from?: "protectedSite") => (await heartbeat(from)).components.map(({ state }) => state);
    expect(await states()).toEqual(["ERROR", "DISCONNECTED"]);
    expect(await states("protectedSite")).toEqual(["CONNECTED", "DISCONNECTED"]);
    await heal();
    expect(await states()).toEqual(["ERROR", "CONNECTED"]);
  });
});

it("a link that is cut leaves both sites answering, and the lag grows until it is whole again", async () => {
  const { protectedSite, recoverySite, vms } = lab.sites;
  await synchronise();
  const heal = await lab.faults.cutLink(protectedSite, recoverySite);
  await clock.advance(90);
  for (const from of ["protectedSite", "recoverySite"] as const) expect(await heartbeat(from)).toMatchObject({ peerReachable: false });
  await expect(synchronise()).rejects.toMatchObject(unreachable);
  const [newest] = await lab.provider.recoveryPoints(recoverySite, vms[0]?.groupId ?? "", signal);
  expect(clock.now.getTime() - Date.parse(newest?.takenAt ?? "")).toBe(90_000);
  await heal();
  expect(await synchronise()).toMatchObject({ sizeBytes: 3 * 90 * 50_000 });
});

describe("a site that is lost", () => {
  const power = async () => {
    const found = await lab.provider.vmStatus(
      lab.sites.protectedSite,
      lab.sites.vms.map(({ id }) => id),
      signal,
    );
    return lab.sites.vms.map(({ id }) => found.get(id)?.powerState);
  };

  it("does nothing and writes nothing, and its VMs start by themselves when it is back, but for those that were shut down or fenced", async () => {
    const { protectedSite, vms } = lab.sites;
    const [on, down, fenced] = vms.map(({ id }) => id);
    if (on === undefined || down === undefined || fenced === undefined) throw new Error("There are no three VMs.");
    await done(lab, protectedSite, "fenceVms", { vmIds: [fenced] });
    await clock.advance(10);
    // Its guest is still at it when the site is lost.
    await lab.faults.latency(5_000, { kind: "shutDownVm" });
    const call = { key: `${protectedSite}/down`, runId: "a recovery", epoch: 1n, signal };
    const shutDown = await lab.provider.order(protectedSite, "shutDownVm", { vmId: down, guestTimeoutSeconds: 60 }, call);
    expect(shutDown).toMatchObject({ state: "RUNNING" });
    const heal = await lab.faults.lose(protectedSite);
    const written = await contentOf(lab, on);
    await clock.advance(100);
    await expect(lab.provider.inventory(protectedSite, signal)).rejects.toMatchObject(unreachable);
    expect(await heartbeat()).toMatchObject({ peerReachable: false });
    await expect(synchronise()).rejects.toMatchObject(unreachable);
    expect(await contentOf(lab, on)).toEqual(written);
    await heal();
    expect(await power()).toEqual(["POWERED_ON", "POWERED_OFF", "POWERED_OFF"]);
    await clock.advance(5);
    expect(await contentOf(lab, on)).toEqual([{ history: on, to: clock.now.toISOString(), seconds: 15 }]);
    await heal();
    expect(await power()).toEqual(["POWERED_ON", "POWERED_OFF", "POWERED_OFF"]);
  });

  it("is back as soon as all faults are cleared, and a site that was only cut off has gone on", async () => {
    const { protectedSite, vms } = lab.sites;
    await lab.faults.partition(protectedSite);
    await clock.advance(10);
    expect((await contentOf(lab, vms[0]?.id ?? "")).at(-1)).toMatchObject({ seconds: 10 });
    await lab.faults.clear();
    await lab.faults.lose(protectedSite, "SILENT");
    await lab.faults.clear();
    expect(await power()).toEqual(["POWERED_ON", "POWERED_ON", "POWERED_ON"]);
  });
});
