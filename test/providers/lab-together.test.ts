/** Orders that come at once go as one statement, and those of which nothing stands in the way are taken on all in one go: with what each by itself comes to. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EffectKind, EffectRequest, Operation } from "../../src/providers/contract.ts";
import { openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase } from "../support/database.ts";
import { LabClock, labSites, registration } from "../support/lab.ts";

const sites = labSites({ vms: 12, groups: 2, spare: 1 });
const { signal } = new AbortController();

interface Order {
  readonly key: string;
  readonly kind: EffectKind;
  readonly request: EffectRequest;
  readonly runId?: string;
  readonly epoch?: bigint;
}

/** One database with its lab, whose clock stands still; orders are made one by one, or all at once. */
async function aWay(isTogether: boolean) {
  const db = await freshDatabase();
  const lab = await openLab({ url: db.url, speed: 1, seed: "together", guestServices: false });
  const clock = await LabClock.stopped(db.url);
  await lab.define(sites.definition);
  const one = ({ key, kind, request, runId = "run", epoch = 1n }: Order): Promise<Operation | string> =>
    lab.provider.order(sites.recoverySite, kind, request as never, { key, runId, epoch, signal }).catch((error: Error) => error.message);
  const results = new Map<string, Record<string, unknown>>();
  return {
    result: (key: string, field: string) => String(results.get(key)?.[field] ?? `none of ${key}`),
    clock,
    faults: lab.faults,
    /** What orders of other kinds, or other sites, would have brought about. */
    change: (text: string) => db.database.pool.query(text),
    async order(orders: readonly Order[], seconds: number): Promise<(Operation | string)[]> {
      const told: (Operation | string)[] = [];
      if (isTogether) told.push(...(await Promise.all(orders.map(one))));
      else for (const order of orders) told.push(await one(order));
      await clock.advance(seconds);
      // Of those that are under way too, which a site does not tell.
      const { rows } = await db.database.pool.query("SELECT key, result FROM lab.operation WHERE result IS NOT NULL");
      for (const { key, result } of rows) results.set(key, result);
      return told;
    },
    /** All that the sites hold, with ids that were made by chance left out. */
    async stands(): Promise<unknown> {
      const { pool } = db.database;
      const read = async (text: string) => (await pool.query(text)).rows;
      return {
        ledger: (await lab.ledger()).map(({ kind, target, orderedAt, effectiveAt }) => ({ kind, target, orderedAt, effectiveAt })),
        vms: await read(`SELECT v.name, v.site_id, v.run_id, v.source_vm_id, s.group_id, v.folder_id, v.resource_pool_id, v.nics, v.services, v.disk_bytes, v.made_at,
          v.on_at, v.booted_at, v.off_at, v.removed_at, v.change_bytes_per_second, v.guest_os, v.cpu_count, v.memory_mb, v.cluster, v.host, v.datastore_id, v.content
          FROM lab.vm v LEFT JOIN lab.snapshot s ON s.id = v.snapshot_id ORDER BY v.site_id, v.name, v.made_at`),
        placeholders: await read(`SELECT p.id, p.run_id, p.released_at, p.removed_at, v.name AS vm, v.run_id AS run FROM lab.placeholder p
          LEFT JOIN lab.vm v ON v.id = p.vm_id ORDER BY p.id`),
        operations: await read("SELECT key, run_id, kind, ordered_at, completes_at, failure, code FROM lab.operation ORDER BY key"),
      };
    },
    async [Symbol.asyncDispose]() {
      await clock[Symbol.asyncDispose]();
      await lab.close();
      await db.drop();
    },
  };
}

type Way = Awaited<ReturnType<typeof aWay>>;
let ways: readonly Way[] = [];
beforeAll(async () => {
  ways = [await aWay(false), await aWay(true)];
});
afterAll(async () => {
  for (const way of ways) await way[Symbol.asyncDispose]();
});

const chosen = (told: unknown) => JSON.parse(JSON.stringify(told).replaceAll(/(vm|point|snapshot)-[0-9a-f-]{36}/g, "$1"));

/** The same orders both ways: the same answers, and the sites stand as the others do. */
async function bothWays(orders: (way: Way) => readonly Order[], seconds = 60): Promise<(Operation | string)[]> {
  const told: (Operation | string)[][] = [];
  for (const way of ways) told.push(chosen(await way.order(orders(way), seconds)));
  const [alone = [], together] = told;
  expect(together).toEqual(alone);
  const [one, other] = await Promise.all(ways.map((way) => way.stands()));
  expect(chosen(other)).toEqual(chosen(one));
  return alone;
}

const vm = (number: number) => sites.vms[number - 1] ?? expect.unreachable(`there is no VM ${number}`);
const groupOf = (number: number) => vm(number).groupId;
const register = (way: Way, number: number, more: Partial<EffectRequest<"registerVm">> = {}, key = `register-${number}`): Order => ({
  key,
  kind: "registerVm",
  request: { ...registration(sites, vm(number), way.result(`snapshot-${groupOf(number)}`, "snapshotId")), ...more },
});
const powerOn = (way: Way, number: number, key = `on-${number}`): Order => ({
  key,
  kind: "powerOn",
  request: { vmId: way.result(`register-${number}`, "vmId") },
});
const change = (way: Way, kind: "powerOff" | "removeVm", number: number, key = `${kind}-${number}`): Order => ({
  key,
  kind,
  request: { vmId: way.result(`register-${number}`, "vmId") },
});
const discard = (way: Way, group: string): Order => ({
  key: `discard-${group}`,
  kind: "discardSnapshot",
  request: { snapshotId: way.result(`snapshot-${group}`, "snapshotId") },
});
const states = (told: readonly (Operation | string)[]) => told.map((one) => (typeof one === "string" ? one : one.state));

it("snapshots, and a VM of another run", async () => {
  await bothWays(() => sites.groups.map(({ id }) => ({ key: `synchronise-${id}`, kind: "synchronise", request: { groupId: id } })));
  await bothWays((way) =>
    sites.groups.map(({ id }) => ({
      key: `snapshot-${id}`,
      kind: "createSnapshot",
      request: { groupId: id, pointId: way.result(`synchronise-${id}`, "pointId"), name: "test" },
    })),
  );
  await bothWays((way) => [{ ...register(way, 12), runId: "other" }]);
});

it("registrations, of which some are refused", async () => {
  const told = await bothWays((way) => [
    register(way, 1),
    register(way, 2, { folderId: null, resourcePoolId: null }),
    register(way, 12, { name: "of another run" }, "in use"),
    register(way, 3, { nics: [{ nicIndex: 0, networkId: "nowhere" }] }, "network"),
    register(way, 3, { name: "wrong", sourceVmId: vm(9).id, placeholderId: vm(5).placeholderId }, "source"),
    register(way, 6, { name: "VM-2-Placeholder" }, "name"),
    register(way, 7, { snapshotId: "nothing" }, "snapshot"),
    register(way, 8, { snapshotId: way.result(`snapshot-${groupOf(9)}`, "snapshotId") }, "other group"),
    register(way, 9, { folderId: "nowhere" }, "folder"),
    register(way, 10, { permanent: true }, "for good"),
    register(way, 11),
  ]);
  expect(states(told).filter((state) => state === "RUNNING")).toHaveLength(3);
});

it("VMs that are powered on, of which some are on, away or not there", async () => {
  const told = await bothWays((way) => [powerOn(way, 1), powerOn(way, 2)]);
  expect(states(told)).toEqual(["RUNNING", "RUNNING"]);
  await bothWays((way) => [
    powerOn(way, 1, "again"),
    powerOn(way, 11),
    { key: "nothing", kind: "powerOn", request: { vmId: "nothing" } },
    { key: "elsewhere", kind: "powerOn", request: { vmId: vm(1).id } },
    register(way, 3),
  ]);
});

it("the same key twice, and a key that stands for something", async () => {
  await bothWays((way) => [register(way, 4), register(way, 4), register(way, 1), register(way, 5, {}, "register-2")]);
});

it("orders that have to do with each other, one after the other", async () => {
  await bothWays((way) => [register(way, 6, {}, "first"), register(way, 6, { name: "second" }, "second")]);
  await bothWays((way) => [register(way, 7, { name: "same" }, "a"), register(way, 8, { name: "Same" }, "b")]);
  await bothWays((way) => [powerOn(way, 3, "on"), change(way, "powerOff", 3), powerOn(way, 3, "on again")]);
  await bothWays((way) => [discard(way, groupOf(9)), register(way, 9)]);
});

it("VMs that are being made or removed, and a place that is free again", async () => {
  await bothWays((way) => [register(way, 10, {}, "register-10")], 0);
  await bothWays((way) => [powerOn(way, 10), powerOn(way, 4)]);
  await bothWays((way) => [change(way, "removeVm", 11), change(way, "removeVm", 10)]);
  await bothWays((way) => [change(way, "powerOff", 11), change(way, "removeVm", 10, "removed")]);
  await bothWays((way) => [powerOn(way, 10, "gone"), powerOn(way, 12, "not ours")]);
  await bothWays(() => [{ key: "restored", kind: "restorePlaceholder", request: { placeholderId: vm(10).placeholderId } }]);
  await bothWays((way) => [register(way, 10, {}, "once more"), register(way, 2, {}, "taken")]);
});

it("what stands in the ledger has the order in which it was given, whatever was plain", async () => {
  await bothWays((way) => [change(way, "powerOff", 1), change(way, "powerOff", 2)]);
  const told = await bothWays((way) => [powerOn(way, 1, "on once more"), register(way, 5, {}, "plain"), powerOn(way, 2, "on at last")]);
  expect(states(told)).toEqual(["RUNNING", "RUNNING", "RUNNING"]);
});

const everywhere = async (text: string) => {
  for (const way of ways) await way.change(text);
};

it("keys that stand for something, for another run or another request too", async () => {
  const told = await bothWays((way) => [
    { ...powerOn(way, 2), runId: "another" },
    { ...register(way, 1), runId: "another" },
  ]);
  expect(told).toEqual(["The key on-2 stands for another request.", "The key register-1 stands for another request."]);
  const again = await bothWays((way) => [
    { ...powerOn(way, 4), request: { vmId: "vm" } },
    { ...powerOn(way, 4), key: "register-2" },
    register(way, 1),
    powerOn(way, 2),
  ]);
  expect(again.slice(0, 2)).toEqual(["The key on-4 stands for another request.", "The key register-2 stands for another request."]);
  expect(states(again.slice(2))).toEqual(["SUCCEEDED", "SUCCEEDED"]);
});

it("a key whose place is free again stands for what it was ordered for", async () => {
  await bothWays((way) => [change(way, "powerOff", 4, "off again"), powerOn(way, 2)]);
  await bothWays((way) => [change(way, "removeVm", 4)]);
  await bothWays(() => [{ key: "free again", kind: "restorePlaceholder", request: { placeholderId: vm(4).placeholderId } }]);
  expect(states(await bothWays((way) => [register(way, 4), powerOn(way, 4)]))).toEqual(["SUCCEEDED", "SUCCEEDED"]);
});

it("a name that is being removed is taken until it is gone", async () => {
  await bothWays((way) => [{ ...change(way, "removeVm", 5), request: { vmId: way.result("plain", "vmId") } }], 0);
  const told = await bothWays((way) => [register(way, 8, { name: "VM-5" }, "its name"), powerOn(way, 2)]);
  expect(told).toMatchObject(["A VM named VM-5 exists here already.", { state: "SUCCEEDED" }]);
});

it("a VM that is still being made", async () => {
  await bothWays((way) => [register(way, 4, {}, "register-4b"), register(way, 5, {}, "register-5b")], 0);
  expect(
    await bothWays((way) => [{ ...powerOn(way, 4, "too early"), request: { vmId: way.result("register-4b", "vmId") } }, powerOn(way, 2)]),
  ).toMatchObject([expect.stringContaining("There is no VM"), { state: "SUCCEEDED" }]);
});

it("a VM whose disks are read-only, or another VM's replica, or that stands elsewhere", async () => {
  await everywhere(`UPDATE lab.vm SET read_only = true WHERE name = 'vm-4' AND run_id IS NOT NULL AND removed_at IS NULL;
    UPDATE lab.group_vm SET former_vm_id = (SELECT id FROM lab.vm WHERE name = 'vm-6' AND removed_at IS NULL AND run_id IS NOT NULL) WHERE vm_id = 'vm-a-6';
    UPDATE lab.vm SET on_at = NULL, booted_at = NULL WHERE id = 'vm-a-7'`);
  const told = await bothWays((way) => [
    { ...powerOn(way, 4, "read-only"), request: { vmId: way.result("register-4b", "vmId") } },
    { ...powerOn(way, 6, "replica"), request: { vmId: way.result("first", "vmId") } },
    { ...powerOn(way, 7, "of the other site"), request: { vmId: vm(7).id } },
  ]);
  expect(told).toEqual([
    "The storage of VM vm-4 is read-only.",
    "The disks of VM vm-6 are the replica of group group-2.",
    "There is no VM vm-a-7 here.",
  ]);
});

it("a placeholder that is still being made, or has been removed", async () => {
  await everywhere(`UPDATE lab.placeholder SET run_id = NULL, made_at = lab.now() + interval '1 hour' WHERE id = 'placeholder-11';
    UPDATE lab.placeholder SET run_id = NULL, removed_at = lab.now() WHERE id = 'placeholder-9'`);
  const told = await bothWays((way) => [
    register(way, 11, { name: "eleven" }, "not made yet"),
    register(way, 9, { name: "nine" }, "removed already"),
  ]);
  expect(told).toEqual(["There is no placeholder placeholder-11 here.", "There is no placeholder placeholder-9 here."]);
});

it("a fault that hits one of them, and a run that has been taken over", async () => {
  for (const way of ways) await way.faults.fail({ kind: "powerOn", target: "vm-2", times: 1 });
  await bothWays((way) => [powerOn(way, 1, "hit not"), powerOn(way, 2, "hit")]);
  await everywhere("DELETE FROM lab.fault");
  await bothWays((way) => [{ ...powerOn(way, 1, "of the next owner"), epoch: 2n }]);
  const told = await bothWays((way) => [powerOn(way, 1, "late"), powerOn(way, 2, "late too")]);
  expect(told).toEqual(Array(2).fill("Epoch 1 of run run is over: 2 has spoken."));
});
