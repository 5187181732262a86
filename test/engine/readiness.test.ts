/** When a machine counts as ready, and what is done in its guest: checks against real sockets and programs. */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createSocketServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { aStage, type Stage } from "./scene.ts";

let stage: Stage;
let secretsDir: string;
const servers: Server[] = [];
beforeAll(async () => {
  secretsDir = await mkdtemp(join(tmpdir(), "dr-secrets-"));
  await writeFile(join(secretsDir, "guest-password"), "correct horse");
  stage = await aStage({ secretsDir });
});
afterAll(async () => {
  for (const server of servers) server.close();
  await stage?.[Symbol.asyncDispose]();
  await rm(secretsDir, { recursive: true });
});

/** The port at which it listens. Machines get addresses of this kind by their customisation. */
async function listening(server: Server, host: string): Promise<number> {
  servers.push(server);
  server.listen(0, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("There is no port.");
  return address.port;
}

const soon = { readyTimeoutSeconds: 1 } as const;

describe("a ready check", () => {
  it("is the guest's heartbeat, its power, a port, a page or a program", async () => {
    const tcp = await listening(
      createSocketServer((socket) => socket.end()),
      "127.77.0.3",
    );
    const answering = (status: number) =>
      createServer((request, response) => response.writeHead(request.url === "/ready" ? status : 404).end());
    const well = await listening(answering(204), "127.77.0.5");
    const busy = await listening(answering(503), "127.77.0.6");
    const scene = await stage.scene({
      machines: 8,
      vms: {
        "vm-1": {},
        "vm-2": { readyCheck: "POWERED_ON" },
        "vm-3": { readyCheck: "TCP", readyPort: tcp, targetIp: "127.77.0.3" },
        "vm-4": { readyCheck: "TCP", readyPort: 1, targetIp: "127.77.0.4", ...soon },
        "vm-5": { readyCheck: "HTTP", readyPort: well, readyTarget: "/ready", targetIp: "127.77.0.5" },
        "vm-6": { readyCheck: "HTTP", readyPort: busy, readyTarget: "/ready", targetIp: "127.77.0.6", ...soon },
        "vm-7": { readyCheck: "SCRIPT", readyTarget: "note.sh" },
        "vm-8": { readyCheck: "SCRIPT", readyTarget: "fail.sh", ...soon },
      },
    });
    const run = await scene.test();
    const statuses = [1, 2, 3, 4, 5, 6, 7, 8].map((at) => run.step("READY_CHECK", scene.vm(at)).status);
    const [ready, late] = ["SUCCEEDED", "WARNING"];
    expect(statuses).toEqual([ready, ready, ready, late, ready, late, ready, late]);
    expect(run.step("READY_CHECK", scene.vm(4)).message).toBe("Not ready after 1 s (check: TCP); the machine is on");
  });

  it("is followed by probes, and a machine that fails one has FAILED: who depends on it does not start", async () => {
    const scene = await stage.scene({
      machines: 3,
      vms: { "vm-1": { targetIp: "127.77.0.7" }, "vm-2": { dependsOn: ["vm-1"] } },
    });
    await stage.db.database.pool.query(
      `INSERT INTO vm_probe (id, vm_id, position, kind, port, timeout_seconds) VALUES (gen_random_uuid(), $1, 1, 'TCP', 1, 1)`,
      [scene.vmIds.get(scene.vm(1))],
    );
    const run = await scene.test();
    expect([run.step("READY_CHECK", scene.vm(1)).status, run.step("PROBE").status]).toEqual(["SUCCEEDED", "FAILED"]);
    expect([1, 2, 3].map((at) => run.step("VM", scene.vm(at)).status)).toEqual(["FAILED", "SKIPPED", "SUCCEEDED"]);
  });
});

describe("a command in the guest", () => {
  const inGuest = { command: "echo", runInGuest: true, guestUsername: "dr" } as const;

  it("signs in by the id of a secret, and shows the secret nowhere", async () => {
    const post = [{ ...inGuest, arguments: ["the correct horse"], passwordSecretId: "guest-password" }];
    const scene = await stage.scene({ machines: 1, vms: { "vm-1": { post } } });
    const run = await scene.test();
    expect(run.step("GUEST_COMMAND")).toMatchObject({ status: "SUCCEEDED" });
    const { rows } = await stage.db.database.pool.query(
      "SELECT result ->> 'output' AS output FROM recovery_step WHERE run_id = $1 AND kind = 'GUEST_COMMAND'",
      [run.recoveryId],
    );
    expect(rows[0].output).toBe("the [redacted]\n");
  });

  it("fails where its secret is not there, and names no more than the id", async () => {
    const scene = await stage.scene({ machines: 1, vms: { "vm-1": { post: [{ ...inGuest, passwordSecretId: "nobody-wrote-it" }] } } });
    const run = await scene.test();
    expect(run.step("GUEST_COMMAND")).toMatchObject({ status: "FAILED", message: "The secret nobody-wrote-it can't be read" });
  });
});
