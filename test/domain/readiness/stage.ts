/** Plans on two lab sites behind a gateway with an engine. Evaluations, heartbeats and measurements come when they are called, and time passes by the clock. */
import { expect } from "vitest";
import { encodeId, type NodeType } from "../../../src/domain/ids.ts";
import { openLoaders } from "../../../src/domain/loaders.ts";
import { evaluateNow, type ReadinessContext } from "../../../src/domain/readiness/service.ts";
import type { Written } from "../../../src/domain/readiness/write.ts";
import { createPreviews } from "../../../src/domain/recoveries/service-preview.ts";
import { createHeartbeats } from "../../../src/engine/heartbeat/heartbeats.ts";
import { defaultHeartbeat } from "../../../src/engine/heartbeat/settings.ts";
import { measureLag } from "../../../src/engine/lag/measure.ts";
import type { LabSite } from "../../../src/providers/lab/lab.ts";
import { aPublicStage, type PublicStage } from "../../support/public-stage.ts";
import { until } from "../../support/run.ts";
import { serviceContext } from "../../support/services.ts";
import { list, text } from "../read/support.ts";

const common = { protectedSite: "A", recoverySite: "B" };
const bytes = { capacityBytes: 1_000_000_000_000, freeBytes: 500_000_000_000 };
const machine = (number: number) => ({
  name: `vm-${number}`,
  datastore: number === 5 ? "Disk A" : "Fast A",
  folder: "/A/Shop",
  resourcePool: "Pool A",
  nics: [{ network: "LAN A", ipAddresses: [`10.0.1.${number}`] }],
});
const plan = (name: string, groups: readonly string[]) => ({
  name,
  ...common,
  priorityGroups: groups.map((group, index) => ({ priority: index + 1, name: `Tier ${index + 1}`, protectionGroups: [group] })),
});

const world = {
  version: 1,
  sites: [
    {
      name: "A",
      type: "PROTECTED",
      provider: "lab",
      datastores: [
        { name: "Fast A", ...bytes },
        { name: "Disk A", ...bytes },
      ],
      networks: [{ name: "LAN A" }],
      resourcePools: [{ name: "Pool A", cluster: "Cluster A" }],
      folders: [{ name: "Shop", path: "/A/Shop" }],
      virtualMachines: [1, 2, 3, 4, 5, 6, 7].map(machine),
    },
    {
      name: "B",
      type: "RECOVERY",
      provider: "lab",
      datastores: [{ name: "All B", ...bytes }],
      networks: [{ name: "LAN B" }, { name: "Other B" }, { name: "Bubble" }],
      resourcePools: [{ name: "Pool B", cluster: "Cluster B" }],
      folders: [{ name: "Recovered", path: "/B/Recovered" }],
    },
  ],
  pairings: [
    {
      ...common,
      networkMappings: [{ source: "LAN A", target: "LAN B", testNetwork: "Bubble" }],
      folderMappings: [{ source: "/A/Shop", target: "/B/Recovered" }],
      resourceMappings: [{ source: "Pool A", target: "Pool B" }],
    },
  ],
  protectionGroups: [
    { name: "data", type: "CONTINUOUS", ...common, virtualMachines: ["vm-1", "vm-2"] },
    { name: "web", type: "CONTINUOUS", ...common, virtualMachines: ["vm-3"] },
    { name: "spare", type: "CONTINUOUS", ...common, virtualMachines: ["vm-4"] },
    { name: "stored", type: "REPLICATION", ...common, storageGroups: [{ sources: ["Disk A"], target: "All B" }] },
  ],
  recoveryPlans: [plan("shop", ["data", "web"]), plan("web", ["web"]), plan("spare", ["spare"]), plan("stored", ["stored"])],
};

export interface Finding {
  readonly code: string;
  readonly severity: string;
  readonly objectType: string;
  readonly objectId: string | null;
  readonly objectName: string;
  readonly message: string;
  readonly remedy: string;
  readonly openedAt: string;
  readonly resolvedAt: string | null;
  readonly recoveryTypes: readonly string[];
}

export interface ReadinessStage extends PublicStage {
  readonly context: ReadinessContext;
  sql(text: string, ...values: unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Both clocks, that of the database and that of the sites, go on by so much; never back. */
  later(seconds: number): Promise<void>;
  /** A round of heartbeats, so many seconds after the one before. */
  beat(): Promise<void>;
  measureLag(): Promise<unknown>;
  /** How the lab's site, or a VM at it, is known there. */
  labId(type: "Site" | "VirtualMachine", name: string): string;
  /** An administrator of the site changes these things of it, and the gateway reads its inventory anew. */
  changeSite(site: "A" | "B", more: Partial<LabSite>): Promise<void>;
  refresh(site: "A" | "B"): Promise<void>;
  /** Global id of what has this name; of a pair of sites, its protected one's. */
  id(type: NodeType, name: string): string;
  /** The run that a plan has now is over. */
  ended(plan: string): Promise<void>;
  evaluate(plan?: string): Promise<Written>;
  /** By the API: findings of a plan, newest first. */
  findings(filter: object, plan?: string): Promise<readonly Finding[]>;
  /** A mutation that has to succeed. */
  change(name: string, input: object): Promise<void>;
  /** The same for one that the engine works on: it has ended. */
  work(name: string, input: object): Promise<void>;
  /** A test with its cleanup; how it ended. */
  test(plan?: string): Promise<string | null>;
  cleanup(plan?: string, more?: object): Promise<void>;
  /** The groups' next cycles have come: all went well, or (false) those of data did not. */
  replicated(well?: boolean): Promise<void>;
}

const tables: Partial<Record<NodeType, string>> = {
  RecoveryPlan: "recovery_plan",
  ProtectionGroup: "protection_group",
  VirtualMachine: "virtual_machine",
  Network: "network",
  NetworkMapping: "(SELECT m.id, n.name FROM network_mapping m JOIN network n ON n.id = m.source_network_id) x",
  Site: "site",
  SitePairing: "(SELECT p.id, s.name FROM site_pairing p JOIN site s ON s.id = p.local_site_id) x",
};

export async function aReadinessStage(): Promise<ReadinessStage> {
  const stage = await aPublicStage(world, { replicationMinimumSeconds: 1, replicationTickMs: 500 });
  const { database } = stage.db;
  const { pool } = database;
  const ids = new Map<string, string>();
  const labIds = new Map<string, string>();
  const readIds = async () => {
    for (const [type, table] of Object.entries(tables))
      for (const { id, name } of (await pool.query<{ id: string; name: string }>(`SELECT id, name FROM ${table}`)).rows)
        ids.set(`${type} ${name}`, encodeId(type, id));
    const text =
      "SELECT 'Site ' || name AS what, external_id AS id FROM site UNION ALL SELECT 'VirtualMachine ' || name, external_id FROM virtual_machine";
    for (const { what, id } of (await pool.query<{ what: string; id: string }>(text)).rows) labIds.set(what, id);
  };
  await readIds();
  const labId: ReadinessStage["labId"] = (type, name) =>
    labIds.get(`${type} ${name}`) ?? expect.unreachable(`the lab has no ${type} ${name}`);
  const id = (type: NodeType, name: string): string => ids.get(`${type} ${name}`) ?? expect.unreachable(`there is no ${type} ${name}`);
  const planOf = (name = "shop") => id("RecoveryPlan", name);
  const context: ReadinessContext = {
    database,
    previews: createPreviews(serviceContext(database, { providers: new Map([["lab", stage.lab.provider]]) })),
    loaders: openLoaders(database, { slotsPerSite: 20 }),
    testDays: 90,
    announce: () => {},
    log: { info: () => {}, warn: () => {} },
  };
  const heartbeats = createHeartbeats({
    pool,
    providers: new Map([["lab", stage.lab.provider]]),
    settings: { ...defaultHeartbeat, heartbeatsToReturn: 1 },
    announce: () => {},
    log: context.log,
  });
  let shifted = 0;
  const later = async (seconds: number) => {
    shifted += seconds;
    await stage.db.shiftClock(shifted);
    const text = `SELECT clock_timestamp() + make_interval(secs => ${shifted})`;
    await pool.query(`CREATE OR REPLACE FUNCTION lab.now() RETURNS timestamptz LANGUAGE sql VOLATILE AS '${text}'`);
  };
  const change = async (name: string, input: object) => {
    expect(await stage.mutate(name, input, "__typename"), name).toMatchObject({ __typename: expect.stringContaining("Payload") });
    if (/^create|^refreshInventory$/.test(name)) await readIds();
  };
  const refresh: ReadinessStage["refresh"] = (site) => change("refreshInventory", { siteId: id("Site", site) });
  const cleanup: ReadinessStage["cleanup"] = async (plan, more = {}) => {
    await stage.run("cleanupTest", { planId: planOf(plan), ...more });
  };
  return {
    ...stage,
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
    context,
    id,
    change,
    cleanup,
    later,
    labId,
    refresh,
    measureLag: () => measureLag(pool),
    beat: () => heartbeats.beat(),
    async changeSite(site, more) {
      await stage.lab.define({ sites: [{ id: labId("Site", site), name: site, ...more }], groups: [] });
      await refresh(site);
    },
    async ended(plan) {
      const query = "query ($id: ID!) { recoveryPlan(id: $id) { latestRecovery { id } } }";
      await stage.end(text(await stage.ask(query, { id: planOf(plan) }), "recoveryPlan.latestRecovery.id"));
    },
    sql: async (statement, ...values) => (await pool.query(statement, values)).rows,
    async evaluate(plan) {
      const [, dbId = ""] = Buffer.from(planOf(plan), "base64url").toString().split(":");
      return (await evaluateNow(context, dbId)) ?? expect.unreachable("somebody else evaluates it");
    },
    async findings(filter, plan) {
      const query = `query ($id: ID!, $filter: ReadinessFindingFilter) { recoveryPlan(id: $id) { readinessFindings(first: 500, filter: $filter) { nodes {
        code severity objectType objectId objectName message remedy openedAt resolvedAt recoveryTypes } } } }`;
      const found = list(await stage.ask(query, { id: planOf(plan), filter }), "recoveryPlan.readinessFindings.nodes");
      return JSON.parse(JSON.stringify(found));
    },
    async work(name, input) {
      await change(name, input);
      await until(async () => (await pool.query("SELECT FROM recovery WHERE ended_at IS NULL")).rowCount === 0, name);
    },
    async test(plan) {
      const { resultState } = await stage.run("startRecovery", { planId: planOf(plan), recoveryType: "TEST" });
      await cleanup(plan);
      return resultState;
    },
    async replicated(well = true) {
      await pool.query("UPDATE replication_cycle SET next_at = dr_now() WHERE owner IS NULL");
      const text = well
        ? `SELECT FROM protection_group g WHERE NOT EXISTS (SELECT FROM recovery_point p WHERE p.group_id = g.id AND p.complete)
            OR EXISTS (SELECT FROM replication_cycle c WHERE c.group_id = g.id AND (c.owner IS NOT NULL OR c.error IS NOT NULL OR c.next_at <= dr_now()))`
        : `SELECT FROM protection_group g LEFT JOIN replication_cycle c ON c.group_id = g.id WHERE g.name = 'data' AND c.error IS NULL`;
      await until(async () => (await pool.query(text)).rowCount === 0, "replication");
    },
  };
}
