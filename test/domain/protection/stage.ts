/** Two paired lab sites with datastores and VMs that nothing protects yet, a third that is paired with neither, and the API over them. */
import { execute, parse, validate } from "graphql";
import { v7 as uuid } from "uuid";
import { createContext } from "../../../src/domain/context.ts";
import { encodeId } from "../../../src/domain/ids.ts";
import { openLoaders } from "../../../src/domain/loaders.ts";
import { defaultQuotas, type Quotas } from "../../../src/domain/quotas.ts";
import { schema } from "../../../src/domain/schema.ts";
import type { Services } from "../../../src/domain/services.ts";
import type { Viewer } from "../../../src/domain/viewer.ts";
import { createFeeds } from "../../../src/events/feed.ts";
import type { Capabilities } from "../../../src/providers/contract.ts";
import { type Lab, openLab } from "../../../src/providers/lab/lab.ts";
import { aCaller } from "../../support/caller.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { operator } from "../../support/node.ts";
import { rewinder } from "../../support/rewinder.ts";
import { servicesOf } from "../../support/services.ts";

/** VM by the datastore that it is on. */
const machines = {
  "web-1": "ds-web",
  "web-2": "ds-web",
  "db-1": "ds-db",
  "app-1": "ds-app",
  "app-2": "ds-app",
  "app-3": "ds-app",
} as const;
type VmName = keyof typeof machines;
const datastores = { north: ["ds-web", "ds-db", "ds-app"], south: ["dr-1", "dr-2"], east: ["ds-east"] } as const;
type SiteName = keyof typeof datastores;
const siteNames = ["north", "south", "east"] as const;

export interface Stage {
  readonly db: TestDatabase;
  readonly lab: Lab;
  readonly services: Services;
  readonly hints: string[];
  readonly pairingId: string;
  /** Database ids. */
  siteId(name: SiteName): string;
  vmId(name: VmName | "east-1"): string;
  /** Global ids. */
  site(name: SiteName): string;
  vm(...names: (VmName | "east-1")[]): string[];
  datastore(...names: string[]): string[];
  /** What the mutation answers: its payload, or its error. */
  send(mutation: string, payload: string, input: object, viewer?: Viewer | null): Promise<Answer>;
  /** Data; throws when there are errors. */
  ask(query: string, variables?: object): Promise<Answer>;
  /** Every row as it was at the beginning. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** JSON, which tests look into. */
export type Answer = ReturnType<JSON["parse"]>;

export interface StageWish {
  /** Of every site. */
  readonly capabilities?: Partial<Capabilities>;
  readonly quotas?: Partial<Quotas>;
}

const failure = `... on Error { __typename code message remedy requestId }
  ... on InvalidRequestError { fieldErrors { path message } } ... on NotFoundError { resource resourceId } ... on PreconditionFailedError { reason }
  ... on ForbiddenError { requiredRole requiredRoles } ... on ConflictError { planId planName activeRecoveryId activeTaskId limit current version }`;

export async function aStage({ capabilities = {}, quotas = {} }: StageWish = {}): Promise<Stage> {
  const db = await freshDatabase();
  const lab = await openLab({ url: db.url, speed: "instant", guestServices: false });
  await defineLab(lab, capabilities);
  const rows = await insertRows(db);
  const hints: string[] = [];
  const services = servicesOf(db.database, {
    providers: new Map([["lab", lab.provider]]),
    quotas: { ...defaultQuotas, ...quotas },
    hint: (id) => void hints.push(id),
  });
  const rewind = await rewinder(db);
  const loaders = openLoaders(db.database, { slotsPerSite: 20 });
  const feeds = createFeeds({ pool: db.database.pool, wakeUps: silent, generation: () => 1, log: { warn() {} } });
  const run = async (query: string, variables: object, viewer: Viewer | null): Promise<Answer> => {
    const document = parse(query);
    const problems = validate(schema, document);
    if (problems[0]) throw problems[0];
    const contextValue = createContext({ loaders, services, feeds, generation: 1 }, aCaller(viewer), new AbortController().signal);
    const { data, errors } = await execute({ schema, document, variableValues: { ...variables }, contextValue });
    if (errors?.[0]) throw errors[0].originalError ?? errors[0];
    return JSON.parse(JSON.stringify(data));
  };
  return {
    db,
    lab,
    services,
    hints,
    ...rows,
    ask: (query, variables = {}) => run(query, variables, operator),
    async send(mutation, payload, input, viewer = operator) {
      const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}`;
      const query = `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { ... on ${type}Payload { ${payload} } ${failure} } }`;
      return (await run(query, { input }, viewer))[mutation];
    },
    async reset() {
      hints.length = 0;
      await lab.faults.clear();
      await rewind();
    },
    async close() {
      feeds.close();
      await lab.close();
      await db.drop();
    },
  };
}

const silent = { on: () => () => {}, hint: () => {}, close: async () => {} };

async function defineLab(lab: Lab, capabilities: Partial<Capabilities>): Promise<void> {
  const vms = Object.entries(machines).map(([name, datastore]) => ({ id: `vm-${name}`, name, datastore }));
  await lab.define({
    sites: siteNames.map((name) => ({
      id: name,
      name,
      capabilities,
      datastores: datastores[name].map((datastore) => ({ name: datastore })),
      folders: name === "south" ? [{ path: "/dr/apps", name: "apps" }] : [],
      networks: [{ name: `net-${name}` }],
      vms: name === "north" ? vms : name === "east" ? [{ id: "vm-east-1", name: "east-1" }] : [],
    })),
    groups: [],
  });
}

async function insertRows({ database: { prisma } }: TestDatabase) {
  const sites = new Map(siteNames.map((name) => [name, uuid()] as const));
  const siteId = (name: SiteName) => sites.get(name) ?? "";
  await prisma.site.createMany({
    data: siteNames.map((name) => ({
      id: siteId(name),
      name,
      type: name === "south" ? ("RECOVERY" as const) : ("PROTECTED" as const),
      provider: "lab",
      externalId: name,
    })),
  });
  const pairing = await prisma.sitePairing.create({ data: { localSiteId: siteId("north"), remoteSiteId: siteId("south") } });
  const stores = new Map(
    siteNames.flatMap((site) => datastores[site].map((name) => [name, { id: uuid(), siteId: siteId(site) }] as const)),
  );
  const storeOf = (name: string) => [...stores].find(([known]) => known === name)?.[1] ?? { id: uuid(), siteId: "" };
  await prisma.datastore.createMany({
    data: [...stores].map(([name, store]) => ({ ...store, name, type: "VMFS" as const, capacityBytes: 1n << 40n, freeBytes: 1n << 39n })),
  });
  const [home, away] = [uuid(), uuid()];
  await prisma.folder.createMany({
    data: [
      { id: home, siteId: siteId("north"), name: "apps", path: "/apps" },
      { id: away, siteId: siteId("south"), name: "apps", path: "/dr/apps" },
    ],
  });
  await prisma.folderMapping.create({ data: { pairingId: pairing.id, sourceFolderId: home, targetFolderId: away } });
  const vms = new Map([...Object.keys(machines), "east-1"].map((name) => [name, uuid()] as const));
  const vmId = (name: VmName | "east-1") => vms.get(name) ?? "";
  await prisma.virtualMachine.createMany({
    data: [
      ...Object.entries(machines).map(([name, datastore]) => ({
        id: vms.get(name) ?? "",
        siteId: siteId("north"),
        externalId: `vm-${name}`,
        name,
        datastoreId: storeOf(datastore).id,
        folderId: name.startsWith("app") ? home : null,
      })),
      { id: vmId("east-1"), siteId: siteId("east"), externalId: "vm-east-1", name: "east-1" },
    ],
  });
  return {
    pairingId: pairing.id,
    siteId,
    vmId,
    site: (name: SiteName) => encodeId("Site", siteId(name)),
    vm: (...names: (VmName | "east-1")[]) => names.map((name) => encodeId("VirtualMachine", vmId(name))),
    datastore: (...names: string[]) => names.map((name) => encodeId("Datastore", storeOf(name).id)),
  };
}

const tables = [
  ...["protection_group", "storage_group", "storage_group_source", "protected_vm", "group_use", "recovery", "recovery_snapshot"],
  ...["task", "plan_protection_group", "idempotency_key"],
  // The audit trail's own events are no change of what was asked for.
  "(SELECT recovery_id, sequence, kind, payload FROM event WHERE kind <> 'AUDIT_RECORDED')",
];

/** Everything that a mutation of protection groups could change, as text. */
export async function everything({ db }: Stage): Promise<string> {
  const parts = tables.map(
    (table) => `SELECT $$${table}$$ AS t, coalesce(string_agg(x::text, E'\\n' ORDER BY x::text), '') AS content FROM ${table} x`,
  );
  const { rows } = await db.database.pool.query(parts.join(" UNION ALL "));
  return rows.map(({ t, content }) => `${t}:\n${content}`).join("\n");
}

/** What the engine writes when a run of a group ends well. */
export async function endRun({ db: { database } }: Stage, groupId: string): Promise<void> {
  const { pool } = database;
  const statements = [
    `UPDATE recovery SET state = 'COMPLETED', result_state = 'SUCCESS', ended_at = dr_now() WHERE id = (SELECT run_id FROM group_use WHERE group_id = $1)`,
    `UPDATE task SET state = 'COMPLETED', ended_at = dr_now() WHERE target_id = $1 AND ended_at IS NULL`,
    `UPDATE protection_group SET state = 'READY', peer_state = 'READY' WHERE id = $1`,
    `UPDATE protected_vm SET protection_state = 'SHADOWING', placeholder_external_id = 'ph-' || vm_id, replication_state = 'SYNCED', last_sync_at = dr_now()
      WHERE group_id = $1 AND protection_state = 'CONFIGURING'`,
    `DELETE FROM group_use WHERE group_id = $1`,
  ];
  for (const text of statements) await pool.query(text, [groupId]);
}
