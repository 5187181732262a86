/** The demo's longest story, faster than on the terminal: what it tells has happened. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { field, signIn } from "../../demo/api.ts";
import { openSites } from "../../demo/sites.ts";
import { tellDisaster } from "../../demo/story-disaster.ts";
import { type DemoGateway, demoGateway } from "./demo-gateway.ts";

let gateway: DemoGateway;
beforeAll(async () => {
  gateway = await demoGateway({ HEARTBEAT_SECONDS: "1", SUSPECT_AFTER_SECONDS: "3", DISCONNECTED_AFTER_SECONDS: "6" });
}, 60_000);
afterAll(() => gateway?.[Symbol.asyncDispose]());

it("a site is lost, recovered, comes back with machines that run, and all go home", { timeout: 120_000 }, async () => {
  const api = await signIn(gateway.url, gateway.user, gateway.password);
  await using sites = await openSites(gateway.databaseUrl, gateway.databaseUrl, 500);
  const told: string[] = [];
  const screen = { say: (line: string) => void told.push(line), step() {}, progress() {}, settle() {} };
  const plans = await api.query("{ recoveryPlans(first: 1) { nodes { id } } }");
  const plan = field(plans, "recoveryPlans", "nodes", 0);
  const options = { story: "disaster", kill: false, ask: false, plan: "" } as const;
  const unused = { url: gateway.url, pid: 0, kill: async () => {}, restart: async () => {}, stop: async () => {} };
  expect(await tellDisaster({ api, gateway: unused, sites, screen, options }, plan)).toBe(true);

  const story = told.join("\n");
  for (const said of [
    /^Primary-Site is suspect since \S+, DISCONNECTED since \S+: ./m,
    /^A disaster recovery would be refused now: .*Primary-Site can't be reached/m,
    /^ {2}machines ready after \d+ s \(by kinds/m,
    /^ {2}WebServers-PG has a recovery point of \S+, \d+ s before/m,
    /^ {2}prompt answered CONTINUE by admin$/m,
    /^What was lost: \d+ s of writing\.$/m,
    /^Split brain, found within a heartbeat: \d+ machines run at both sites\./m,
    /^Primary-Site is CONNECTED since/m,
    /^Reprotect: SUCCESS\. The machines run at Recovery-Site/m,
    /^Planned recovery: SUCCESS\.$/m,
    /^Reprotect: SUCCESS\. The machines run at Primary-Site and are protected to Recovery-Site\.$/m,
  ])
    expect(story).toMatch(said);
  expect(story).not.toMatch(/ [1-9]\d* failed/);
});
