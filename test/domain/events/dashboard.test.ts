/** What `events` is for: a view that was queried once stays true by reading again what the events name, and nothing else. */
import { isDeepStrictEqual } from "node:util";
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeId, idOf } from "../../../src/domain/ids.ts";
import { defaultQuotas } from "../../../src/domain/quotas.ts";
import { appendChanges } from "../../../src/events/changes.ts";
import { importFile } from "../../../src/import/import-file.ts";
import { type Lab, openLab } from "../../../src/providers/lab/lab.ts";
import { base, type Files, someFiles } from "../../import/stage.ts";
import { chance } from "../../support/chance.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { aNode, type TestNode } from "../../support/node.ts";
import { aUser, type RealGateway, realGateway } from "../../support/real-gateway.ts";
import { ended, openPrompt, until } from "../../support/run.ts";
import { type Ask, type Dashboard, type Model, openDashboard, type Shown, whole } from "./dashboard.ts";

let db: TestDatabase;
let lab: Lab;
let node: TestNode;
let gateway: RealGateway;
let files: Files;
let token: string;
beforeAll(async () => {
  db = await freshDatabase();
  lab = await openLab({ url: db.url, speed: "instant", guestServices: false });
  files = await someFiles();
  await importFile({ database: db.database, lab, quotas: defaultQuotas, path: await files.write(world()) });
  node = await aNode(db.database, lab.provider);
  gateway = await realGateway(db.database, { providers: new Map([["lab", lab.provider]]), maxQueryCost: 5_000_000 });
  await aUser(db.database, "ada", ["ADMIN", "EDITOR", "SCRIPT_EDITOR", "RECOVERY_ADMIN"]);
  token = await gateway.signIn("ada");
}, 60_000);
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await node?.close();
  await lab?.close();
  await files?.remove();
  await db?.drop();
});

/** Two plans that share a group, one that has nothing in common with the one that is tested but its sites, folders and networks to map, and VMs that nothing protects yet. */
function world() {
  const file = base();
  const [primary, recovery] = file.sites;
  const vms = Array.from({ length: 20 }, (_, n) => ({
    name: `spare-${n}`,
    datastore: "ds",
    nics: [{ network: "net-a", ipAddresses: [`10.0.2.${n}`] }],
  }));
  primary?.virtualMachines?.push(...vms);
  recovery?.networks.push({ name: "net-c" });
  const [plan] = file.recoveryPlans;
  if (plan === undefined) throw new Error("the base has a plan");
  for (const group of plan.priorityGroups) {
    group.preSteps = group.preSteps?.filter((step) => Reflect.get(step, "type") === "PROMPT") ?? [];
  }
  file.recoveryPlans.push({ ...plan, name: "tested", priorityGroups: plan.priorityGroups.slice(0, 1) });
  file.recoveryPlans.push({ ...plan, name: "apart", priorityGroups: plan.priorityGroups.slice(1) });
  return file;
}

const ask: Ask = async (query, variables = {}) => {
  const { data, errors } = await gateway.ask(query, variables, { "session-token": token });
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
};

/** A payload, or a typed error. */
async function send(mutation: string, input: object, payload = ""): Promise<Shown> {
  const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}`;
  const query = `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { __typename ${payload} ... on Error { message } } }`;
  return (await ask(query, { input }))[mutation];
}

/** The ids that a mutation names, at random among what the dashboard shows; what the run needs is spared. */
function picking(model: Model, next: () => number) {
  const pick = <T>(some: readonly T[]): T => some[Math.floor(next() * some.length)] ?? expect.fail("there is nothing to pick from");
  const of = (type: string, wanted: (one: Shown) => boolean = () => true): Shown[] =>
    [...model.values()].filter((one) => one.__typename === type && !["dbs", "tested"].includes(one.name) && wanted(one));
  /** Of nothing, when there is none just now. */
  const idOf = (type: string, wanted?: (one: Shown) => boolean): string => {
    const some = of(type, wanted);
    return some.length === 0 ? encodeId(type, uuid()) : pick(some).id;
  };
  const site = (name: string) => idOf("Site", (one) => one.name === name);
  const vm = (isProtected: boolean) =>
    idOf("VirtualMachine", (one) => (one.protectionGroup !== null) === isProtected && one.name.startsWith("spare"));
  return { pick, of, idOf, site, vm };
}

type Act = (name: string) => readonly [string, object];

/** Changes of sites are told of with all plans there, and would hide what else was left untold: they come when `ofSites`. */
function acts(model: Model, next: () => number, networks: readonly Shown[], ofSites: boolean): readonly Act[] {
  const { pick, of, idOf, site, vm } = picking(model, next);
  const network = (at: string): string => pick(networks.filter((one) => one.site.name === at)).id;
  const mappingId = () => pick([...of("SitePairing").flatMap(({ networkMappings }) => networkMappings), ...of("Site")]).id;
  const groupTask = () => pick([...of("Task", ({ type }) => type !== "RECOVERY"), ...of("Site")]).id;
  const group = () => ({ groupId: idOf("ProtectionGroup") });
  const placed = () => ({
    protectionGroupId: idOf("ProtectionGroup"),
    recoveryPriorityGroup: { priority: 1 + Math.floor(next() * 5), name: "Tier" },
  });
  const plan = () => ({ planId: idOf("RecoveryPlan") });
  const sites: readonly Act[] = [
    (datacenter) => ["updateSite", { siteId: idOf("Site"), datacenter }],
    () => ["refreshInventory", { siteId: idOf("Site") }],
    () => ["setNetworkMapping", { sourceNetworkId: network("A"), targetNetworkId: network("B") }],
    () => ["deleteNetworkMapping", { networkMappingId: mappingId() }],
  ];
  return [
    (description) => ["updateProtectionGroup", { ...group(), description }],
    () => ["updateProtectionGroup", { ...group(), rpoMinutes: 5 + Math.floor(next() * 50) }],
    (name) => {
      const specification = { continuous: { vmIds: [vm(false)] } };
      return ["createProtectionGroup", { name, protectedSiteId: site("A"), recoverySiteId: site("B"), specification }];
    },
    () => ["deleteProtectionGroup", { ...group(), force: next() < 0.5 }],
    () => ["addProtectedVms", { ...group(), vmIds: [vm(false)] }],
    () => ["removeProtectedVm", { vmId: vm(true) }],
    () => ["cancelTask", { taskId: groupTask() }],
    (name) => ["createRecoveryPlan", { name, protectionGroups: [placed()] }],
    (description) => ["updateRecoveryPlan", { ...plan(), description }],
    () => ["deleteRecoveryPlan", { planId: idOf("RecoveryPlan", ({ name }) => name !== "apart") }],
    (name) => ["createRecoveryPlan", { name: `too ${name}`, protectionGroups: [placed()] }],
    () => ["addProtectionGroupToPlan", { ...plan(), ...placed() }],
    () => ["removeProtectionGroupFromPlan", { ...plan(), protectionGroupId: idOf("ProtectionGroup") }],
    () => ["configurePriorityGroups", { ...plan(), priorityGroups: [{ priority: 1, name: "First" }] }],
    () => ["configureVmRecoverySettings", { vmId: idOf("VirtualMachine"), dependsOnVmIds: pick([[], [idOf("VirtualMachine")]]) }],
    () => ["configureVmNetworkMappings", { vmId: vm(true), networkMappings: [] }],
    ...(ofSites ? sites : []),
  ];
}

/** So many changes at random, one after the other; others are refused, as in life. Answers which were made. */
async function storm(model: Model, seed: number, count: number, ofSites: boolean): Promise<string[]> {
  const next = chance(seed);
  const { networks } = await ask("{ networks(first: 50) { nodes { id site { name } } } }");
  const all = acts(model, next, networks.nodes, ofSites);
  const made: string[] = [];
  for (let tried = 0; made.length < count && tried < 10 * count; tried++) {
    const act = all[Math.floor(next() * all.length)];
    const [mutation, input] = act?.(`${seed}-${tried}`) ?? expect.fail("there is nothing to do");
    const { __typename } = await send(mutation, input);
    if (/Payload$/.test(__typename)) made.push(mutation);
  }
  return made;
}

/** The id of the run that a mutation asks for, as soon as nothing stands in its way. */
async function requested(mutation: "startRecovery" | "cleanupTest", input: object): Promise<string> {
  const payload = `... on ${mutation === "cleanupTest" ? "CleanupTest" : "StartRecovery"}Payload { recovery { id } }`;
  return idOf("Recovery", await until(async () => (await send(mutation, input, payload)).recovery?.id, mutation, 60));
}

/** Once everything has been told, the dashboard shows what a fresh query does. A task's last steps are told within a second or two. */
async function expectTruth(dashboard: Dashboard): Promise<void> {
  const name = `up to here ${uuid()}`;
  const seen = dashboard.seen(name);
  await appendChanges(db.database.pool, [{ kind: "SITE_CHANGED", id: uuid(), change: "UPDATED", name }]);
  await seen;
  let found: unknown[] = [];
  const isTrue = async () => {
    found = differences(dashboard.model, (await whole(ask)).model);
    return found.length === 0;
  };
  await until(isTrue, "the same view", 30).catch(() => expect(found).toEqual([]));
}

it("a view shows what may be done with a VM by events alone, while another VM comes to depend on it and no longer does", async () => {
  const dashboard = await openDashboard(gateway, token, ask);
  const vm = (name: string): Shown => [...dashboard.model.values()].find((one) => one.__typename === "VirtualMachine" && one.name === name);
  const dependsOn = (...names: string[]) => {
    const dependsOnVmIds = names.map((name) => vm(name).id);
    return send("configureVmRecoverySettings", { vmId: vm("spare-0").id, dependsOnVmIds });
  };
  for (const names of [["web-1"], ["web-2"], []]) {
    expect(await dependsOn(...names)).toEqual({ __typename: "ConfigureVmRecoverySettingsPayload" });
    await expectTruth(dashboard);
    const held = ["web-1", "web-2"].filter((name) => vm(name).allowedOperations[0].code === "CONFLICT");
    expect(held).toEqual(names);
  }
  await dashboard.close();
});

it("a view that was queried once shows what a fresh query does, by events alone: after 200 random mutations, and as a run goes on", async () => {
  const dashboard = await openDashboard(gateway, token, ask);
  const { recoveryPlans } = await ask(`{ recoveryPlans(filter: { name: "tested" }) { nodes { id } } }`);
  const planId = recoveryPlans.nodes[0].id;
  const recoveryId = await requested("startRecovery", { planId, recoveryType: "TEST" });
  const promptId = encodeId("Prompt", await openPrompt(db.database, recoveryId));
  await expectTruth(dashboard);
  const made: string[] = [];
  for (const ofSites of [false, true]) {
    const storms = [1, 2, 3, 4].map((seed) => storm(dashboard.model, ofSites ? -seed : seed, 25, ofSites));
    made.push(...(await Promise.all(storms)).flat());
    const begun = "SELECT 1 FROM recovery WHERE ended_at IS NULL AND kind <> 'TEST'";
    await until(async () => (await db.database.pool.query(begun)).rowCount === 0, "the end of what the mutations began", 60);
    await expectTruth(dashboard);
  }
  expect(made.length).toBe(200);
  expect(new Set(made).size).toBeGreaterThan(12);

  await send("answerPrompt", { promptId, answer: "CONTINUE" });
  await ended(db.database, recoveryId, 60);
  await expectTruth(dashboard);
  await ended(db.database, await requested("cleanupTest", { planId }), 60);
  await expectTruth(dashboard);
  expect(dashboard.counts.events).toBeGreaterThan(200);
  await dashboard.close();
}, 120_000);

/** What the two show differently. */
function differences(kept: Model, fresh: Model): unknown[] {
  const ids = [...new Set([...kept.keys(), ...fresh.keys()])];
  return ids.flatMap((id) => {
    const [a, b] = [kept.get(id), fresh.get(id)];
    const fields = Object.keys({ ...a, ...b }).filter((field) => !isDeepStrictEqual(a?.[field], b?.[field]));
    if (fields.length === 0) return [];
    return [
      { type: (a ?? b).__typename, name: (a ?? b).name, ...Object.fromEntries(fields.map((field) => [field, [a?.[field], b?.[field]]])) },
    ];
  });
}
