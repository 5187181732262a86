/** yoga with Prisma as one begins: each resolver asks Prisma for what it needs, and nothing is batched. */
import { createServer } from "node:http";
import { createSchema, createYoga } from "graphql-yoga";
import { plainClient } from "./prisma.ts";
import { listenOn } from "./serve.ts";
import { typeDefs } from "./type-defs.ts";

const prisma = plainClient();

interface Parent {
  readonly id: string;
}
interface Page {
  readonly first: number;
}

const schema = createSchema({
  typeDefs,
  resolvers: {
    Query: { recoveryPlan: (_root: unknown, { id }: Parent) => prisma.recoveryPlan.findUnique({ where: { id } }) },
    RecoveryPlan: {
      protectionGroups: async ({ id }: Parent, { first }: Page) => ({
        nodes: await prisma.protectionGroup.findMany({ where: { plans: { some: { planId: id } } }, orderBy: { name: "asc" }, take: first }),
      }),
    },
    ProtectionGroup: {
      vms: async ({ id }: Parent, { first }: Page) => ({
        nodes: await prisma.virtualMachine.findMany({ where: { protection: { groupId: id } }, orderBy: { name: "asc" }, take: first }),
      }),
    },
  },
});

createServer(createYoga({ schema, logging: false, graphiql: false })).listen(listenOn.port, listenOn.host);
