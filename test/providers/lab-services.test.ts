/** Guests of VMs that were recovered serve real sockets. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EffectKind, EffectRequest, EffectResult } from "../../src/providers/contract.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase } from "../support/database.ts";
import { aLab, type LabSites, labSites, registration } from "../support/lab.ts";
import { recoverAll } from "../support/lab-recovery.ts";

let db: Awaited<ReturnType<typeof freshDatabase>>;
let lab: Lab & { readonly sites: LabSites };
let vmId = "";
let port = 0;
let keys = 0;

const signal = new AbortController().signal;
/** 10.1.0.1 as the loopback address that the lab serves it at. */
const host = "127.1.0.1";

async function done<K extends EffectKind>(kind: K, request: EffectRequest<K>): Promise<EffectResult<K>> {
  const call = { key: `key-${++keys}`, runId: "run", epoch: 1n, signal };
  const operation = await lab.provider.order(lab.sites.recoverySite, kind, request, call);
  if (operation.state !== "SUCCEEDED") throw new Error(`${kind} ended ${JSON.stringify(operation)}`);
  return operation.result;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("There is no port.");
  return address.port;
}

beforeAll(async () => {
  db = await freshDatabase();
  port = await freePort();
  lab = await aLab(db.url, labSites({ vms: 1, servicePort: port }), { guestServices: true });
  const [vm] = lab.sites.vms;
  const [point] = await lab.provider.recoveryPoints(lab.sites.recoverySite, vm?.groupId ?? "", signal);
  if (vm === undefined || point === undefined) throw new Error("The lab has no VM or no recovery point.");
  const { snapshotId } = await done("createSnapshot", { groupId: vm.groupId, pointId: point.pointId, name: "a test" });
  vmId = (await done("registerVm", registration(lab.sites, vm, snapshotId))).vmId;
});
afterAll(async () => {
  await lab.close();
  await db.drop();
});

/** The greeting, and the answer to `status`; null when nothing listens. */
async function talk(): Promise<readonly string[] | null> {
  const socket = connect(port, host);
  try {
    await once(socket, "connect");
  } catch {
    return null;
  }
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const greeting = await lines.next();
  socket.write("status\n");
  const answer = await lines.next();
  socket.destroy();
  return [greeting.value ?? "", answer.value ?? ""];
}

const serving = ["vm-1 ready", "accepting connections"];
const eventually = { interval: 20, timeout: 30_000 };

it("serves while the VM is on, for a test or for good, takes over from a gateway that ends, and stops when the VM is off", async () => {
  expect(await talk()).toBeNull();
  await done("powerOn", { vmId });
  await expect.poll(talk, eventually).toEqual(serving);

  await using other = await openLab({ url: db.url, guestServices: true });
  await lab.close();
  await expect.poll(talk, eventually).toEqual(serving);

  const call = { key: "off", runId: "run", epoch: 1n, signal };
  await other.provider.order(lab.sites.recoverySite, "powerOff", { vmId }, call);
  await expect.poll(talk, eventually).toBeNull();

  // So does one that was recovered for good.
  const recovered = await recoverAll({ ...other, sites: lab.sites });
  expect(recovered.size).toBe(1);
  await expect.poll(talk, eventually).toEqual(serving);
});
