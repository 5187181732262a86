/** Heartbeats of lab sites, as rows and events tell of them. The database's clock is moved on instead of waiting. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createHeartbeats, type Heartbeats, turnsOf } from "../../src/engine/heartbeat/heartbeats.ts";
import { defaultHeartbeat } from "../../src/engine/heartbeat/settings.ts";
import type { Provider } from "../../src/providers/contract.ts";
import { aStage, type Stage } from "../domain/recoveries/stage.ts";
import { labSites } from "../support/lab.ts";

let stage: Stage;
let seconds = 0;
let node: Heartbeats;
let announced = 0;

const parts = (provider: Provider, everySeconds = 5) => ({
  pool: stage.db.database.pool,
  providers: new Map([["lab", provider]]),
  settings: { ...defaultHeartbeat, everySeconds },
  announce: () => {
    announced++;
  },
  log: { info: () => undefined, warn: () => undefined },
});

beforeAll(async () => {
  stage = await aStage({}, labSites({ vms: 1 }));
});
beforeEach(async () => {
  await stage.reset();
  const { arrayManager, replicationServer } = stage.sites;
  const { prisma } = stage.db.database;
  await prisma.arrayManager.create({ data: { pairingId: stage.pairingId, name: arrayManager, type: "SAN" } });
  await prisma.replicationServer.create({ data: { pairingId: stage.pairingId, name: replicationServer } });
  await stage.db.database.pool.query(`UPDATE site SET heartbeat_at = NULL, suspect_since = NULL, state = 'CONNECTED', state_reason = NULL;
    UPDATE site_pairing SET last_heartbeat_at = NULL, suspect_since = NULL, connection_state = 'CONNECTED', state_reason = NULL`);
  seconds = 0;
  announced = 0;
  node = createHeartbeats(parts(stage.lab.provider));
  await node.beat();
  await later(5);
});
afterAll(() => stage.close());

/** A heartbeat so many seconds later, of every node. */
async function later(by: number, nodes: readonly Heartbeats[] = [node]): Promise<void> {
  seconds += by;
  await stage.db.shiftClock(seconds);
  for (const one of nodes) await one.beat();
}
async function rows() {
  const { prisma } = stage.db.database;
  const primary = await prisma.site.findUniqueOrThrow({ where: { id: stage.protectedSiteId } });
  const recovery = await prisma.site.findUniqueOrThrow({ where: { id: stage.recoverySiteId } });
  const pair = await prisma.sitePairing.findUniqueOrThrow({
    where: { id: stage.pairingId },
    include: { arrayManagers: true, replicationServers: true },
  });
  return { primary, recovery, pair };
}
async function events(): Promise<string[]> {
  const { rows: found } = await stage.db.database.pool.query<{ kind: string }>(
    "SELECT kind FROM event WHERE recovery_id IS NULL ORDER BY position",
  );
  return found.map(({ kind }) => kind);
}

describe("heartbeats of a pair", () => {
  it("are heard at both sites, and are no event while nothing changes", async () => {
    const before = await rows();
    const told = await events();
    await later(5);
    const { primary, recovery, pair } = await rows();
    expect(primary.heartbeatAt?.getTime()).toBeGreaterThan(before.primary.heartbeatAt?.getTime() ?? Infinity);
    expect(recovery).toMatchObject({ state: "CONNECTED", suspectSince: null });
    expect(pair).toMatchObject({ connectionState: "CONNECTED", replicationHealth: "HEALTHY" });
    expect(pair.lastHeartbeatAt).toEqual(new Date(Math.min(Number(primary.heartbeatAt), Number(recovery.heartbeatAt))));
    expect(await events()).toEqual(told);
  });

  it("make a site that is cut off suspect, then DISCONNECTED, with its pair; plans are told, and three bring it back", async () => {
    const heal = await stage.lab.faults.partition(stage.sites.protectedSite);
    await later(5);
    expect((await rows()).primary).toMatchObject({ state: "CONNECTED", suspectSince: null });
    await later(11);
    expect(await rows()).toMatchObject({
      primary: { state: "CONNECTED", suspectSince: expect.any(Date) },
      pair: { connectionState: "PARTIALLY_CONNECTED", suspectSince: expect.any(Date) },
    });
    const told = await events();
    await later(15);
    expect(await rows()).toMatchObject({
      primary: { state: "DISCONNECTED", stateReason: expect.stringContaining("does not answer") },
      recovery: { state: "PARTIALLY_CONNECTED", stateReason: expect.stringContaining("does not reach") },
      pair: { connectionState: "DISCONNECTED" },
    });
    expect((await events()).slice(told.length).sort()).toEqual(["PAIRING_CHANGED", "PLAN_CHANGED", "PLAN_CHANGED", "SITE_CHANGED"]);
    await heal();
    for (let good = 1; good <= 2; good++) {
      await later(5);
      expect((await rows()).primary).toMatchObject({ state: "DISCONNECTED", suspectSince: null, goodHeartbeats: good });
    }
    await later(5);
    expect(await rows()).toMatchObject({
      primary: { state: "CONNECTED" },
      recovery: { state: "CONNECTED" },
      pair: { connectionState: "CONNECTED" },
    });
  });

  it("of another node that reaches the site keep it connected", async () => {
    const deaf: Provider = Object.assign(Object.create(stage.lab.provider), {
      heartbeat: () => Promise.reject(new DOMException("", "TimeoutError")),
    });
    const other = createHeartbeats(parts(deaf));
    await other.beat();
    for (let beat = 0; beat < 8; beat++) await later(5, [node, other]);
    expect((await rows()).primary).toMatchObject({ state: "CONNECTED", suspectSince: null });
    await later(16, [other]);
    await later(15, [other]);
    expect((await rows()).primary.state).toBe("DISCONNECTED");
  });

  it("tell a link that is cut: both sites are there, neither reaches the other", async () => {
    await stage.lab.faults.cutLink(stage.sites.protectedSite, stage.sites.recoverySite);
    await later(5);
    const down = { state: "PARTIALLY_CONNECTED", stateReason: expect.stringContaining("does not reach") };
    expect(await rows()).toMatchObject({
      primary: down,
      recovery: down,
      pair: { connectionState: "PARTIALLY_CONNECTED", replicationHealth: "CRITICAL" },
    });
  });

  it("tell a component that is down, as one of the sites sees it, and write its state", async () => {
    const { replicationServer, recoverySite } = stage.sites;
    const heal = await stage.lab.faults.component(replicationServer, "DISCONNECTED", recoverySite);
    await later(5);
    expect(await rows()).toMatchObject({
      primary: { state: "CONNECTED" },
      recovery: { state: "PARTIALLY_CONNECTED", stateReason: `The replication server ${replicationServer} is DISCONNECTED.` },
      pair: { replicationServers: [{ state: "DISCONNECTED" }], arrayManagers: [{ state: "CONNECTED" }] },
    });
    await heal();
    await later(5);
    expect((await rows()).pair).toMatchObject({ connectionState: "PARTIALLY_CONNECTED", replicationServers: [{ state: "CONNECTED" }] });
    await later(5);
    await later(5);
    expect((await rows()).pair.connectionState).toBe("CONNECTED");
  });

  it("of a site that hangs delay nobody else's, and end", async () => {
    await stage.lab.faults.partition(stage.sites.protectedSite, "SILENT");
    node = createHeartbeats(parts(stage.lab.provider, 1));
    const before = await rows();
    const round = node.beat();
    await expect.poll(async () => (await rows()).recovery.heartbeatAt).not.toEqual(before.recovery.heartbeatAt);
    await round;
    expect((await rows()).primary.heartbeatAt).toEqual(before.primary.heartbeatAt);
  });

  it("that were lost while nobody listened are held against no site", async () => {
    await stage.lab.faults.missHeartbeats(stage.sites.protectedSite, 1);
    const late = createHeartbeats(parts(stage.lab.provider));
    await later(3_600, [late]);
    expect((await rows()).primary).toMatchObject({ state: "CONNECTED", suspectSince: null });
  });

  it("are written once by two nodes at one time", async () => {
    const other = createHeartbeats(parts(stage.lab.provider));
    await other.beat();
    await stage.lab.faults.partition(stage.sites.protectedSite);
    const told = (await events()).length;
    seconds += 31;
    await stage.db.shiftClock(seconds);
    await Promise.all([node.beat(), other.beat()]);
    expect((await events()).slice(told).filter((kind) => kind === "SITE_CHANGED")).toHaveLength(2); // one of each site
    expect(announced).toBeGreaterThan(0);
  });
});

describe("heartbeats of many pairs", () => {
  it("cost as many statements as those of one", async () => {
    const { pool, prisma } = stage.db.database;
    const well: Provider = Object.assign(Object.create(stage.lab.provider), {
      heartbeat: () => Promise.resolve({ peerReachable: true, components: [] }),
    });
    const statements = async () => {
      const query = vi.spyOn(pool, "query");
      const one = createHeartbeats(parts(well));
      await one.beat();
      const count = query.mock.calls.length;
      query.mockRestore();
      return count;
    };
    const few = await statements();
    const names = Array.from({ length: 12 }, (_, at) => `many-${at}`);
    for (const name of names) {
      const ids: string[] = [];
      for (const side of ["a", "b"]) {
        const externalId = `${name}-${side}`;
        const made = await prisma.site.create({ data: { name: externalId, type: "PROTECTED", provider: "lab", externalId } });
        ids.push(made.id);
      }
      await prisma.sitePairing.create({ data: { localSiteId: ids[0] ?? "", remoteSiteId: ids[1] ?? "" } });
    }
    try {
      await later(5);
      expect(await statements()).toBe(few);
      const found = await prisma.sitePairing.findMany({
        where: { localSite: { name: { startsWith: "many-" } } },
        include: { localSite: true },
      });
      expect(found.map((pair) => pair.lastHeartbeatAt !== null && pair.localSite.heartbeatAt !== null)).toEqual(names.map(() => true));
    } finally {
      await prisma.sitePairing.deleteMany({ where: { localSite: { name: { startsWith: "many-" } } } });
      await prisma.site.deleteMany({ where: { name: { startsWith: "many-" } } });
    }
  });

  const pairs = (count: number) => Array.from({ length: count }, (_, at) => ({ id: `p${at}`, siteIds: [`l${at}`, `r${at}`] as const }));

  it("come in turn, each pair's always at the same time, and none late", () => {
    const watched = { sites: [], pairs: pairs(121) };
    const turn = turnsOf(watched, 4_000);
    const times = watched.pairs.map(({ siteIds: [local, remote] }) => {
      expect(turn(local)).toBe(turn(remote));
      return turn(local);
    });
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Math.max(...times)).toBeLessThan(4_000);
    const atOnce = Map.groupBy(times, (time) => time);
    expect(atOnce.size).toBe(16);
    expect(Math.max(...[...atOnce.values()].map(({ length }) => length))).toBe(8);
  });

  it("of a few come at once, and so do those of a site with all that it is paired with", () => {
    const few = turnsOf({ sites: [], pairs: pairs(8) }, 4_000);
    expect(pairs(8).map(({ siteIds: [local] }) => few(local))).toEqual(Array(8).fill(0));
    const hub = pairs(40).map((pair) => ({ ...pair, siteIds: ["hub", pair.siteIds[1]] as const }));
    expect(turnsOf({ sites: [], pairs: hub }, 4_000)("hub")).toBe(0);
  });
});
