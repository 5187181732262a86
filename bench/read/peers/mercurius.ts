/** mercurius 16 on fastify 5 at its best: its JIT, its loaders, prepared statements. */
import Fastify from "fastify";
import mercurius, { type MercuriusLoaders } from "mercurius";
import { cursorOf } from "../cursor.ts";
import { placeOf } from "./place.ts";
import * as rows from "./rows.ts";
import { listenOn, openPool, rowsOf } from "./serve.ts";
import { typeDefs } from "./type-defs.ts";

const pool = openPool();
const app = Fastify({ logger: false });

const resolvers = {
  Query: {
    recoveryPlan: async (_root: unknown, { id }: { id: string }) => (await rowsOf<rows.PlanRow>(pool, rows.plan, [id]))[0] ?? null,
    recovery: async (_root: unknown, { id }: { id: string }) => (await rowsOf<rows.PlanRow>(pool, rows.recovery, [id]))[0] ?? null,
    vms: async (_root: unknown, { first, after }: { first: number; after?: string | null }) => {
      const place = after ? placeOf(after) : null;
      const found = await rowsOf<rows.VmRow>(pool, rows.vmPage, [first + 1, place?.name ?? null, place?.id ?? null]);
      const nodes = found.slice(0, first);
      const edges = nodes.map((node) => ({ node, cursor: cursorOf(node.name, node.id) }));
      return { nodes, edges, pageInfo: { hasNextPage: found.length > first, endCursor: edges.at(-1)?.cursor ?? null } };
    },
  },
};

interface Asked<Row> {
  readonly obj: Row;
  readonly params: { readonly first: number };
}

/** Rows of each parent, in the parents' order. */
function perParent<Row>(asked: readonly Asked<{ id: string }>[], found: readonly Row[], parentOf: (row: Row) => string) {
  const byParent = Map.groupBy(found, parentOf);
  return asked.map(({ obj, params }) => {
    const nodes = byParent.get(obj.id) ?? [];
    return { nodes: nodes.length > params.first ? nodes.slice(0, params.first) : nodes };
  });
}
const idsOf = (asked: readonly Asked<{ id: string }>[]) => [asked.map(({ obj }) => obj.id)];

const loaders: MercuriusLoaders = {
  RecoveryPlan: {
    protectionGroups: {
      loader: async (asked: Asked<rows.PlanRow>[]) =>
        perParent(asked, await rowsOf<rows.GroupRow>(pool, rows.groupsOfPlans, idsOf(asked)), ({ planId }) => planId),
      opts: { cache: false },
    },
  },
  ProtectionGroup: {
    vms: {
      loader: async (asked: Asked<rows.GroupRow>[]) =>
        perParent(asked, await rowsOf<rows.VmRow>(pool, rows.vmsOfGroups, idsOf(asked)), ({ groupId }) => groupId),
      opts: { cache: false },
    },
  },
  Recovery: {
    allSteps: {
      loader: async (asked: Asked<rows.PlanRow>[]) => {
        const found = await rowsOf<rows.StepRow>(pool, rows.stepsOfRuns, [...idsOf(asked), asked[0]?.params.first]);
        return perParent(asked, found, ({ runId }) => runId);
      },
      opts: { cache: false },
    },
  },
};

app.register(mercurius, { schema: typeDefs, resolvers, loaders, jit: 1, graphiql: false });
await app.listen(listenOn);
