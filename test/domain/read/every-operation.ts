/** What a gateway asks of the database beside the relations of its schema: lists in each order and by each filter, and what it does by itself. */
import { type GraphQLInputType, type GraphQLSchema, getNamedType, isEnumType, isInputObjectType, isListType, isNonNullType } from "graphql";
import { v7 as uuid } from "uuid";
import { readGeneration } from "../../../src/database/generation.ts";
import { openSessions } from "../../../src/domain/access/sessions.ts";
import { startHousekeeping } from "../../../src/domain/housekeeping.ts";
import { readCopies, readInventory } from "../../../src/domain/inventory/refresh-read.ts";
import { createSeen } from "../../../src/domain/inventory/refresh-seen.ts";
import { claimDue as claimDeliveries } from "../../../src/domain/notifications/deliveries.ts";
import { fanOut } from "../../../src/domain/notifications/fan-out.ts";
import { addNew, claimPlan, claimTouched, claimUntouched, markTouched } from "../../../src/domain/readiness/due.ts";
import { openFacts } from "../../../src/domain/readiness/facts.ts";
import { openPreviewFacts } from "../../../src/domain/recoveries/preview/read.ts";
import { moveDeadlines } from "../../../src/engine/gap.ts";
import { readRecovered, recoveredSites } from "../../../src/engine/heartbeat/original-rows.ts";
import { healthRows, readWatched } from "../../../src/engine/heartbeat/rows.ts";
import { measureLag } from "../../../src/engine/lag/measure.ts";
import { claim, releaseAll } from "../../../src/engine/lease.ts";
import { loadEarlierSteps, loadRun, loadSteps } from "../../../src/engine/records.ts";
import { claimCycles, releaseCycles, renewCycles } from "../../../src/engine/replication/claim.ts";
import { keepStanding } from "../../../src/engine/replication/standing.ts";
import { readTold } from "../../../src/engine/replication/told.ts";
import { readChanges, readEnds, readNewest, readPrompts, readRecovery } from "../../../src/events/log.ts";
import { startJobs } from "../../../src/jobs/queue.ts";
import { type Asker, at } from "./support.ts";

const bare = (type: GraphQLInputType): GraphQLInputType => (isNonNullType(type) ? bare(type.ofType) : type);

/** A value for a filter that asks for something. */
function wanted(name: string, type: GraphQLInputType, ids: ReadonlyMap<string, readonly string[]>): unknown {
  const inner = bare(type);
  if (isListType(inner)) return [wanted(name, inner.ofType, ids)];
  if (isEnumType(inner)) return inner.getValues()[0]?.name;
  const of = getNamedType(inner).name;
  if (of === "ID") return ids.get([...ids.keys()].find((one) => name.toLowerCase().startsWith(one.toLowerCase())) ?? "RecoveryPlan")?.[0];
  return { Boolean: true, Int: 1, DateTime: "2026-01-01T00:00:00Z" }[of] ?? "x";
}

/** Each list at the root, in each order: its first page and the next one; and by each filter, with the count. */
export async function askEveryList(asker: Asker, schema: GraphQLSchema, ids: ReadonlyMap<string, readonly string[]>): Promise<number> {
  let asked = 0;
  const ask = async (query: string, variables: Record<string, unknown>) => {
    asked++;
    return (await asker.answer(query, variables)).data;
  };
  for (const { name, args, type } of Object.values(schema.getQueryType()?.getFields() ?? {})) {
    if (!getNamedType(type).name.endsWith("Connection")) continue;
    const order = args.find((arg) => arg.name === "orderBy");
    const filter = args.find((arg) => arg.name === "filter");
    const field = order && getNamedType(order.type);
    const fields = field && isInputObjectType(field) ? getNamedType(field.getFields().field?.type ?? order.type) : null;
    for (const one of fields && isEnumType(fields) ? fields.getValues() : []) {
      const orderBy = { field: one.name, direction: "DESC" };
      const page = `query ($orderBy: ${order?.type}, $cursor: String) {
        ${name}(first: 1, after: $cursor, orderBy: $orderBy) { nodes { __typename } pageInfo { endCursor } } }`;
      const cursor = at(await ask(page, { orderBy }), `${name}.pageInfo.endCursor`);
      await ask(page, { orderBy, cursor });
    }
    const filters = filter && getNamedType(filter.type);
    for (const one of filters && isInputObjectType(filters) ? Object.values(filters.getFields()) : []) {
      const query = `query ($filter: ${filter?.type}) { ${name}(first: 1, filter: $filter) { totalCount nodes { __typename } } }`;
      await ask(query, { filter: { [one.name]: wanted(one.name, one.type, ids) } });
    }
  }
  return asked;
}

/** What happens by itself, each once. */
export async function doWhatIsDone({ database: { pool } }: Asker): Promise<void> {
  const one = async (table: string) =>
    (await pool.query<{ id: string }>(`SELECT id FROM ${table} ORDER BY id LIMIT 1`)).rows[0]?.id ?? uuid();
  const [siteId, pairingId, planId, runId, groupId] = [
    await one("site"),
    await one("site_pairing"),
    await one("recovery_plan"),
    await one("recovery"),
    await one("protection_group"),
  ];
  const nodeId = uuid();
  const log = { info: () => {}, warn: () => {} };
  await readGeneration(pool);
  await moveDeadlines(pool, { nodeId, leaseSeconds: 6 });
  await claim(pool, nodeId, 6, 1);
  await releaseAll(pool, nodeId);
  await keepStanding(pool, 30, null);
  await keepStanding(pool, 30, [groupId]);
  await readTold(pool, 0n);
  await renewCycles(
    pool,
    { nodeId, leaseSeconds: 6 },
    await claimCycles(pool, { nodeId, leaseSeconds: 6, minimumSeconds: 30, perSite: 4, limit: 1 }),
  );
  await releaseCycles(pool, nodeId);
  await readWatched(pool);
  await healthRows(pool).site(siteId);
  await healthRows(pool).pair(pairingId);
  await recoveredSites(pool)(siteId);
  await readRecovered(pool, siteId);
  await readCopies(pool, siteId);
  await readInventory(pool, siteId);
  await createSeen().look(pool, siteId, []);
  await measureLag(pool);
  await addNew(pool);
  await markTouched(pool);
  await claimTouched(pool, { plans: 2, vms: 1_000 });
  await claimUntouched(pool, { plans: 2, vms: 1_000 });
  await claimPlan(pool, planId);
  const facts = openFacts(pool);
  await facts.plan(planId);
  await facts.testSnapshot(runId);
  await facts.exercised(planId, [{ kind: "COMMAND", spec: {}, owner: planId }]);
  await facts.places(siteId, ["Recovered"]);
  const previewFacts = openPreviewFacts(pool);
  await previewFacts.points({ planId, points: new Map(), lastHeardAt: null });
  await previewFacts.site({ planId, siteId, addresses: ["10.0.0.1"] });
  await loadRun(pool, runId).catch(() => null); // it was made without a snapshot
  await loadSteps(pool, runId);
  await loadEarlierSteps(pool, runId);
  await readRecovery(pool, runId, 0, 10);
  await readNewest(pool, runId, 10);
  await readPrompts(pool, 0n, 10);
  await readChanges(pool, 0n, 10);
  await readEnds(pool);
  await fanOut(pool, { email: true });
  await claimDeliveries(pool, 1);
  await openSessions(pool, { sessionHours: 8 }).authenticate("none");
  const housekeeping = startHousekeeping({ pool, eventRetentionDays: 30, log });
  await housekeeping.run();
  await housekeeping.close();
  const jobs = startJobs({ pool, log });
  jobs.register({
    queue: "none",
    concurrency: 1,
    leaseSeconds: 1,
    attempts: 1,
    backOffSeconds: () => 1,
    work: async () => {},
    givenUp: async () => {},
  });
  await jobs.close();
}
