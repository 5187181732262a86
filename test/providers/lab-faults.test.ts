/** What can be made to go wrong at the lab's sites. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EffectKind, EffectRequest, EffectResult } from "../../src/providers/contract.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase } from "../support/database.ts";
import { aLab, effects, type LabSites, labSites, registration } from "../support/lab.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;
let lab: Lab & { readonly sites: LabSites };
let run = "";
let runs = 0;
let keys = 0;

beforeAll(async () => {
  db = await freshDatabase();
  lab = await aLab(db.url, labSites({ vms: 2 }));
});
beforeEach(() => {
  run = `run-${++runs}`;
});
afterEach(() => lab.faults.clear());
afterAll(async () => {
  await lab.close();
  await db.drop();
});

const signal = new AbortController().signal;
const network = { name: "isolated" };

const order = <K extends EffectKind>(kind: K, request: EffectRequest<K>, key = `${run}/${++keys}`, { provider }: Lab = lab) =>
  provider.order(lab.sites.recoverySite, kind, request, { key, runId: run, epoch: 1n, signal });

async function done<K extends EffectKind>(kind: K, request: EffectRequest<K>): Promise<EffectResult<K>> {
  const operation = await order(kind, request);
  if (operation.state !== "SUCCEEDED") throw new Error(`${kind} ended ${JSON.stringify(operation)}`);
  return operation.result;
}

/** Registers copies of all VMs; undone by `remove`. */
async function testVms() {
  const [group] = lab.sites.groups;
  const [point] = await lab.provider.recoveryPoints(lab.sites.recoverySite, group?.id ?? "", signal);
  const { snapshotId } = await done("createSnapshot", { groupId: group?.id ?? "", pointId: point?.pointId ?? "", name: "a test" });
  const ids: string[] = [];
  for (const vm of lab.sites.vms) ids.push((await done("registerVm", registration(lab.sites, vm, snapshotId))).vmId);
  const remove = async () => {
    for (const vmId of ids) {
      await done("powerOff", { vmId });
      await done("removeVm", { vmId });
    }
    for (const { placeholderId } of lab.sites.vms) await done("restorePlaceholder", { placeholderId });
  };
  return { one: ids[0] ?? "", other: ids[1] ?? "", [Symbol.asyncDispose]: remove };
}

describe("a failing call", () => {
  it("lets calls pass first, fails as often as said, and then no more", async () => {
    await lab.faults.fail({ kind: "createIsolatedNetwork", skip: 1, times: 2, failure: "TRANSIENT", message: "too busy" });
    await order("createIsolatedNetwork", network);
    for (let call = 0; call < 2; call++) {
      await expect(order("createIsolatedNetwork", network)).rejects.toMatchObject({
        failure: "TRANSIENT",
        code: "BUSY",
        message: "too busy",
      });
    }
    await order("createIsolatedNetwork", network);
    expect(await lab.ledger(run)).toHaveLength(2);
  });

  it("is meant for one VM, by the name that its copy has", async () => {
    await using vms = await testVms();
    await lab.faults.fail({ kind: "powerOn", target: "vm-2", times: Infinity, failure: "PERMANENT" });
    await done("powerOn", { vmId: vms.one });
    await expect(order("powerOn", { vmId: vms.other })).rejects.toMatchObject({ failure: "PERMANENT", code: "REFUSED" });
    expect((await effects(lab, run)).filter((effect) => effect.startsWith("powerOn"))).toEqual(["powerOn vm-1"]);
  });

  it("fails in the lab of another gateway too", async () => {
    await using other = await openLab({ url: db.url, guestServices: false });
    await other.faults.fail({ kind: "createIsolatedNetwork" });
    await expect(order("createIsolatedNetwork", network)).rejects.toMatchObject({ failure: "TRANSIENT" });
    expect(await order("createIsolatedNetwork", network, undefined, other)).toMatchObject({ state: "SUCCEEDED" });
  });

  it("can be a question as well as an effect", async () => {
    await lab.faults.fail({ kind: "vmStatus" });
    await expect(lab.provider.vmStatus(lab.sites.recoverySite, [], signal)).rejects.toMatchObject({ code: "BUSY" });
    await lab.faults.fail({ kind: "observe", code: "TIMED_OUT" });
    const call = { runId: run, epoch: 1n, signal };
    await expect(lab.provider.observe(lab.sites.recoverySite, [], call)).rejects.toMatchObject({ code: "TIMED_OUT" });
  });
});

describe("an effect that fails at its end", () => {
  it("was taken on, ends FAILED and has changed nothing", async () => {
    await lab.faults.latency(1, { kind: "createIsolatedNetwork" });
    await lab.faults.fail({ kind: "createIsolatedNetwork", when: "END", failure: "PERMANENT", code: "NO_SPACE", message: "full" });
    const failed = { state: "FAILED", failure: "PERMANENT", code: "NO_SPACE", message: "full" };
    await expect.poll(() => order("createIsolatedNetwork", network, `${run}/failing`)).toEqual(failed);
    expect(await lab.provider.artefacts(lab.sites.recoverySite, run, signal)).toEqual([]);
    expect(await lab.ledger(run)).toEqual([]);
  });

  it("is the power-on of a VM that never comes up", async () => {
    await using vms = await testVms();
    await lab.faults.neverPowersOn("vm-1");
    expect(await order("powerOn", { vmId: vms.one })).toMatchObject({ state: "FAILED", failure: "PERMANENT" });
    const found = await lab.provider.vmStatus(lab.sites.recoverySite, [vms.one], signal);
    expect(found.get(vms.one)).toMatchObject({ powerState: "POWERED_OFF" });
  });
});

describe("a held call", () => {
  it.each([
    ["BEFORE", 0],
    ["AFTER", 1],
  ] as const)("stays at the site until it is released, %s the effect", async (when, changedMeanwhile) => {
    const held = await lab.faults.hold({ kind: "createIsolatedNetwork", when });
    const call = order("createIsolatedNetwork", network);
    let answered = false;
    void call.then(() => {
      answered = true;
    });
    await held.arrived;
    expect(await lab.ledger(run)).toHaveLength(changedMeanwhile);
    expect(answered).toBe(false);
    await held.release();
    expect(await call).toMatchObject({ state: "SUCCEEDED" });
    expect(await lab.ledger(run)).toHaveLength(1);
  });

  it("is done after its release, though its caller has given up", async () => {
    const held = await lab.faults.hold({ kind: "createIsolatedNetwork", when: "BEFORE" });
    const caller = new AbortController();
    const call = { key: `${run}/late`, runId: run, epoch: 1n, signal: caller.signal };
    const ended = lab.provider.order(lab.sites.recoverySite, "createIsolatedNetwork", network, call);
    const refused = expect(ended).rejects.toThrow("given up");
    await held.arrived;
    caller.abort(new Error("given up"));
    await refused;
    await held.release();
    await expect.poll(() => effects(lab, run)).toEqual(["createIsolatedNetwork isolated"]);
  });

  it("ends when its lab closes, without an effect", async () => {
    const other = await openLab({ url: db.url, guestServices: false });
    const held = await lab.faults.hold({ kind: "createIsolatedNetwork", when: "BEFORE" });
    const call = order("createIsolatedNetwork", network, undefined, other);
    const refused = expect(call).rejects.toMatchObject({ code: "SITE_UNREACHABLE" });
    await held.arrived;
    await other.close();
    await refused;
    expect(await lab.ledger(run)).toEqual([]);
  });
});

describe("a partitioned site", () => {
  it("refuses every call until it is healed, and the other site does not", async () => {
    const heal = await lab.faults.partition(lab.sites.recoverySite);
    const unreachable = { failure: "TRANSIENT", code: "SITE_UNREACHABLE" };
    await expect(order("createIsolatedNetwork", network)).rejects.toMatchObject(unreachable);
    await expect(lab.provider.capabilities(lab.sites.recoverySite, signal)).rejects.toMatchObject(unreachable);
    await lab.provider.capabilities(lab.sites.protectedSite, signal);
    await heal();
    await order("createIsolatedNetwork", network);
  });

  it("that is silent answers nothing until the caller gives up", async () => {
    await lab.faults.partition(lab.sites.recoverySite, "SILENT");
    await expect(lab.provider.artefacts(lab.sites.recoverySite, run, AbortSignal.timeout(20))).rejects.toMatchObject({
      name: "TimeoutError",
    });
  });

  it("can't be synchronised from", async () => {
    await lab.faults.partition(lab.sites.protectedSite);
    const groupId = lab.sites.groups[0]?.id ?? "";
    await expect(order("synchronise", { groupId })).rejects.toMatchObject({ failure: "TRANSIENT", code: "SITE_UNREACHABLE" });
  });
});

describe("a guest", () => {
  it("without heartbeat is on and tells nothing, until it reports again", async () => {
    await using vms = await testVms();
    const restore = await lab.faults.loseHeartbeat("vm-1");
    await done("powerOn", { vmId: vms.one });
    await done("powerOn", { vmId: vms.other });
    const status = async () => lab.provider.vmStatus(lab.sites.recoverySite, [vms.one, vms.other], signal);
    expect((await status()).get(vms.one)).toMatchObject({ powerState: "POWERED_ON", heartbeatAt: null, ipAddresses: [] });
    expect((await status()).get(vms.other)?.heartbeatAt).not.toBeNull();
    await restore();
    expect((await status()).get(vms.one)?.heartbeatAt).not.toBeNull();
  });

  it.each([
    ["/usr/bin/exit", ["7"], { exitCode: 7, output: "" }],
    ["echo", ["a", "b"], { exitCode: 0, output: "a b\n" }],
    ["sleep", ["60"], { exitCode: 124, output: "" }],
    ["verify", ["--all"], { exitCode: 0, output: "verify --all\n" }],
  ])("runs %s", async (command, words, result) => {
    await using vms = await testVms();
    await done("powerOn", { vmId: vms.one });
    const request = { vmId: vms.one, command, arguments: words, timeoutSeconds: 30, username: null };
    expect(await done("runInGuest", request)).toEqual(result);
  });
});

it("an effect takes as long as a fault says, whatever the speed", async () => {
  await lab.faults.latency(3_600_000, { kind: "createIsolatedNetwork" });
  expect(await order("createIsolatedNetwork", network)).toMatchObject({ state: "RUNNING" });
});

it("calls go on over new connections when the old ones are cut", async () => {
  await db.database.pool.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dr-gateway lab' AND datname = current_database()",
  );
  await expect.poll(() => order("createIsolatedNetwork", network).catch(() => null)).toMatchObject({ state: "SUCCEEDED" });
});
