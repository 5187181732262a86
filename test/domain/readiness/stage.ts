/** Plans on two lab sites behind a gateway with an engine, and their evaluation, which nothing does by itself here. */
import { expect } from "vitest";
import { encodeId, type NodeType } from "../../../src/domain/ids.ts";
import { openLoaders } from "../../../src/domain/loaders.ts";
import { evaluateNow, type ReadinessContext } from "../../../src/domain/readiness/service.ts";
import type { Written } from "../../../src/domain/readiness/write.ts";
import { createPreviews } from "../../../src/domain/recoveries/preview.ts";
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
      virtualMachines: [1, 2, 3, 4, 5].map(machine),
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
  until(look: () => Promise<boolean>): Promise<unknown>;
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
  /** All groups have been copied. */
  replicated(): Promise<void>;
}

const tables: Partial<Record<NodeType, string>> = {
  RecoveryPlan: "recovery_plan",
  ProtectionGroup: "protection_group",
  VirtualMachine: "virtual_machine",
  Network: "network",
  Site: "site",
  SitePairing: "(SELECT p.id, s.name FROM site_pairing p JOIN site s ON s.id = p.local_site_id) x",
};

export async function aReadinessStage(): Promise<ReadinessStage> {
  const stage = await aPublicStage(world, { replicationMinimumSeconds: 1, replicationTickMs: 250 });
  const { database } = stage.db;
  const { pool } = database;
  const ids = new Map<string, string>();
  const readIds = async () => {
    for (const [type, table] of Object.entries(tables))
      for (const { id, name } of (await pool.query<{ id: string; name: string }>(`SELECT id, name FROM ${table}`)).rows)
        ids.set(`${type} ${name}`, encodeId(type, id));
  };
  await readIds();
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
  const change = async (name: string, input: object) => {
    expect(await stage.mutate(name, input, "__typename"), name).toMatchObject({ __typename: expect.stringContaining("Payload") });
    if (name === "createRecoveryPlan") await readIds();
  };
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
    until: (look) => until(look),
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
    async replicated() {
      await pool.query("UPDATE replication_cycle SET next_at = dr_now() WHERE owner IS NULL");
      const text = `SELECT FROM protection_group g WHERE NOT EXISTS (SELECT FROM recovery_point p WHERE p.group_id = g.id AND p.complete)
        OR EXISTS (SELECT FROM replication_cycle c WHERE c.group_id = g.id AND c.error IS NOT NULL)`;
      await until(async () => (await pool.query(text)).rowCount === 0, "replication");
    },
  };
}
