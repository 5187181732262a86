import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DemoGateway, demoGateway } from "../e2e/demo-gateway.ts";

const program = resolve(import.meta.dirname, "../../examples/typescript/main.ts");

describe("the example in TypeScript", { timeout: 60_000 }, () => {
  let gateway: DemoGateway;
  beforeAll(async () => {
    gateway = await demoGateway();
  }, 60_000);
  afterAll(() => gateway?.[Symbol.asyncDispose]());

  /** What it prints; rejects with all of it when it ends with anything but 0. */
  const run = (...options: string[]): Promise<string> =>
    new Promise((done, fail) => {
      const env = { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, DR_PASSWORD: gateway.password };
      execFile(process.execPath, [program, "--url", gateway.url, ...options], { env }, (error, stdout, stderr) =>
        error ? fail(new Error(`${stdout}\n${stderr}`)) : done(stdout),
      );
    });

  it("lists the plans, tests one, answers its prompt, cleans up and reads the run", async () => {
    const printed = await run();
    expect(printed).toContain("WebApp-Recovery-Plan: READY\n  1 Database Tier: 2 VMs\n  2 Application Tier: 8 VMs\n  3 Web Tier: 5 VMs\n");
    expect(printed).toContain("Confirm database recovery is ready to proceed: CONTINUE\n");
    expect(printed.match(/^The run is over: (SUCCESS|WARNING)$/gm)).toHaveLength(2);
    expect(printed).toMatch(/^WebApp-Recovery-Plan: (SUCCESS|WARNING), \d+ s, RTO \d+ s, RPO \d+ s$/m);
    expect(printed).toMatch(/^ {4}Verify DB Health: SUCCESS$/m);
    expect(printed).toMatch(/^ {4}db-server-01: (SUCCESS|WARNING) 10\.0\.2\.100$/m);
  });

  it("says what is wrong", async () => {
    await expect(run("--plan", "Nothing")).rejects.toThrow("There is no plan Nothing.");
    await expect(run("--user", "nobody")).rejects.toThrow(/password/);
  });
});
