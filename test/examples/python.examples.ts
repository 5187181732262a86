import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DemoGateway, demoGateway } from "../e2e/demo-gateway.ts";

const folder = resolve(import.meta.dirname, "../../examples/python");
const python = spawnSync("python3", ["--version"]).status === 0;

it.runIf(process.env.CI)("python3 is there, so that nothing below is left out", () => {
  expect(python, "python3 is not on this machine: install it, the examples in Python have to be run").toBe(true);
});

describe.runIf(python)(`the examples in Python${python ? "" : ", NOT tested here: there is no python3"}`, { timeout: 60_000 }, () => {
  let gateway: DemoGateway;
  beforeAll(async () => {
    gateway = await demoGateway();
  }, 60_000);
  afterAll(() => gateway?.[Symbol.asyncDispose]());

  /** What the program, or the line of Python, prints; rejects with all of it when it ends with anything but 0. */
  const python3 = (url: string, ...args: string[]): Promise<string> =>
    new Promise((done, fail) => {
      const env = { PATH: process.env.PATH, DR_PASSWORD: gateway.password, DR_URL: url, PYTHONDONTWRITEBYTECODE: "1" };
      execFile("python3", ["-W", "error", ...args], { cwd: folder, env }, (error, stdout, stderr) =>
        error ? fail(new Error(`${stdout}\n${stderr}`)) : done(stdout),
      );
    });
  const run = (program: string, ...options: string[]) => python3(gateway.url, program, "--url", gateway.url, ...options);

  it("list the protection groups with state and number of VMs", async () => {
    const printed = await run("list_protection_groups.py");
    expect(printed).toContain("Protection group: DatabaseServers-PG\n  State: READY, PROTECTED\n  VM count: 2\n");
    expect(printed.match(/^Protection group/gm)).toHaveLength(3);
  });

  const expectWholeTest = (printed: string) => {
    expect(printed).toMatch(/^Starting a test recovery of WebApp-Recovery-Plan, 15 VMs$/m);
    expect(printed).toMatch(/^Prompt: Confirm database recovery is ready to proceed\n {2}answered CONTINUE$/m);
    expect(printed).toMatch(/^Test: (SUCCESS|WARNING)\. 15 VMs recovered, 0 failed\.$/m);
    expect(printed).toMatch(/^RTO achieved: \d+ s, RPO achieved: \d+ s$/m);
    expect(printed).toMatch(/^Cleanup: SUCCESS$/m);
  };

  it("test a plan, answer its prompt and clean up, watching by polls", async () => {
    expectWholeTest(await run("run_test.py", "--answer", "CONTINUE", "--watch", "poll", "--interval", "0.2"));
  });

  it("do so watching by a stream, and see each event once, over a connection that is cut again and again", async () => {
    await using proxy = await cuttingProxy(gateway.url);
    const printed = await python3(proxy.url, "run_test.py", "--url", proxy.url, "--answer", "CONTINUE");
    expectWholeTest(printed);
    expect(proxy.cuts()).toBeGreaterThan(3);
    const ended = printed.split("Test: ")[0]?.match(/^ {2}\d.*(SUCCEEDED|WARNING)$/gm) ?? [];
    expect(ended.length).toBeGreaterThan(50);
    expect(new Set(ended).size).toBe(ended.length);
  });

  it("configure a VM's recovery settings and its addresses, and leave the rest as it is", async () => {
    const address = ["--nic", "0", "--source-ip", "10.0.1.120", "--target-ip", "10.0.2.220"];
    const network = ["--target-subnet-mask", "255.255.255.0", "--target-gateway", "10.0.2.1", "--target-dns-server", "10.0.2.10"];
    const delays = ["--startup-delay", "1", "--shutdown-delay", "240"];
    const all = await run("configure_vm.py", "web-server-01", "--priority", "HIGHEST", ...delays, ...address, ...network);
    expect(all).toBe(
      "web-server-01: priority HIGHEST\n  Startup delay: 1 s, shutdown delay: 240 s\n  10.0.1.120 -> 10.0.2.220/24, gateway 10.0.2.1\n",
    );
    expect(await run("configure_vm.py", "web-server-01", "--priority", "HIGH")).toBe(all.replace("HIGHEST", "HIGH"));
    const refused = run("configure_vm.py", "web-server-01", "--startup-delay", "-5");
    await expect(refused).rejects.toThrow(/^\nINVALID_REQUEST: .*\n {2}startupDelaySeconds: /);
  });

  it("move a plan, protect it in the other direction, and bring it back by the same two steps", async () => {
    const program = `
import os, dr_gateway
GROUP = 'query { protectionGroups(filter: { name: "WebServers-PG" }) { nodes { id } } }'
PLAN = """mutation ($input: CreateRecoveryPlanInput!) { createRecoveryPlan(input: $input) {
  ... on CreateRecoveryPlanPayload { recoveryPlan { id } } ... on Error { code message remedy } } }"""
with dr_gateway.DrGateway(os.environ["DR_URL"], "admin", os.environ["DR_PASSWORD"]) as gateway:
    group = gateway.execute(GROUP)["protectionGroups"]["nodes"][0]["id"]
    groups = [{"protectionGroupId": group, "recoveryPriorityGroup": {"priority": 1, "name": "Web Tier"}}]
    gateway.execute(PLAN, {"input": {"name": "Web-Move", "protectionGroups": groups}})`;
    await python3(gateway.url, "-c", program);
    const there = await run("reprotect.py", "--plan", "Web-Move", "--failover", "--watch", "poll", "--interval", "0.2");
    expect(there).toMatch(/^Expected RTO: \d+ s$/m);
    expect(there).toMatch(/^Failover: (SUCCESS|WARNING)\. 5 VMs, 0 failed\.$/m);
    expect(there).toMatch(/^Reprotect: (SUCCESS|WARNING)\. 5 VMs, 0 failed\.\nWeb-Move is READY: Recovery-Site -> Primary-Site$/m);
    const back = await run("reprotect.py", "--plan", "Web-Move", "--failover");
    expect(back).toMatch(/^Web-Move is READY: Primary-Site -> Recovery-Site$/m);
    await expect(run("reprotect.py", "--plan", "Web-Move")).rejects.toThrow(/^\nCONFLICT: /);
  });

  it("say what is wrong, and end with 1, when there is no such plan or the password is wrong", async () => {
    await expect(run("run_test.py", "--plan", "Nothing")).rejects.toThrow("There is no recovery plan 'Nothing'.");
    await expect(run("run_test.py", "--user", "nobody")).rejects.toThrow(/^\nUNAUTHORIZED: /);
  });

  it("sign in again when their session has ended", async () => {
    const program = `
import os, dr_gateway
with dr_gateway.DrGateway(os.environ["DR_URL"], "admin", os.environ["DR_PASSWORD"]) as gateway:
    gateway.execute(dr_gateway.SIGN_OUT)
    print(gateway.execute("query { viewer { name } }")["viewer"]["name"])`;
    expect(await python3(gateway.url, "-c", program)).toBe("admin\n");
  });
});

/** In front of a gateway: cuts each event stream after its second piece, so that a client has to come back to get any further. */
async function cuttingProxy(target: string) {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const gateway = connect(Number(port), hostname);
    for (const socket of [client, gateway]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => client.destroy() && gateway.destroy());
    }
    client.pipe(gateway);
    let pieces = 0;
    gateway.on("data", (piece) => {
      client.write(piece);
      if (!/text\/event-stream/.test(String(piece)) && pieces === 0) return;
      if (++pieces < 3) return;
      cuts++;
      client.destroy();
    });
    gateway.on("end", () => client.end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
