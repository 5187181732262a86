/** Apollo Server 5 with DataLoader and Prisma: what is selected is what the types show, and statements are prepared. */
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import DataLoader from "dataloader";
import { tunedClient } from "./prisma.ts";
import { listenOn } from "./serve.ts";
import { typeDefs } from "./type-defs.ts";

const prisma = tunedClient();

const planColumns = { id: true, name: true, description: true, lifecycle: true, rtoTargetSeconds: true } as const;
const groupColumns = { id: true, name: true, state: true, replicationType: true, rpoMinutes: true } as const;
const vmColumns = { id: true, name: true, powerState: true, cpuCount: true, memoryMb: true } as const;

/** New for each request. */
const openLoaders = () => ({
  plan: new DataLoader(async (ids: readonly string[]) => {
    const found = await prisma.recoveryPlan.findMany({ where: { id: { in: [...ids] } }, select: planColumns });
    const byId = new Map(found.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  }),
  groupsOfPlan: new DataLoader(async (ids: readonly string[]) => {
    const found = await prisma.planProtectionGroup.findMany({
      where: { planId: { in: [...ids] } },
      select: { planId: true, group: { select: groupColumns } },
      orderBy: { group: { name: "asc" } },
    });
    const byPlan = Map.groupBy(found, ({ planId }) => planId);
    return ids.map((id) => (byPlan.get(id) ?? []).map(({ group }) => group));
  }),
  vmsOfGroup: new DataLoader(async (ids: readonly string[]) => {
    const found = await prisma.protectedVm.findMany({
      where: { groupId: { in: [...ids] } },
      select: { groupId: true, vm: { select: vmColumns } },
      orderBy: { vm: { name: "asc" } },
    });
    const byGroup = Map.groupBy(found, ({ groupId }) => groupId);
    return ids.map((id) => (byGroup.get(id) ?? []).map(({ vm }) => vm));
  }),
});

type Context = ReturnType<typeof openLoaders>;
interface Parent {
  readonly id: string;
}
interface Page {
  readonly first: number;
}

const resolvers = {
  Query: { recoveryPlan: (_root: unknown, { id }: Parent, { plan }: Context) => plan.load(id) },
  RecoveryPlan: {
    protectionGroups: async ({ id }: Parent, { first }: Page, { groupsOfPlan }: Context) => ({
      nodes: (await groupsOfPlan.load(id)).slice(0, first),
    }),
  },
  ProtectionGroup: {
    vms: async ({ id }: Parent, { first }: Page, { vmsOfGroup }: Context) => ({ nodes: (await vmsOfGroup.load(id)).slice(0, first) }),
  },
};

const server = new ApolloServer<Context>({ typeDefs, resolvers, introspection: false });
await startStandaloneServer(server, { listen: listenOn, context: async () => openLoaders() });
