/** The product's own generated client, for the peers that use Prisma. */
import { PrismaPg } from "@prisma/adapter-pg";
import { PrismaClient } from "../../../src/database/generated/client.ts";
import { statementNames } from "../../../src/database/statement-names.ts";
import { connectionString } from "./serve.ts";

/** With names for its statements, without which none is prepared. */
export function tunedClient(): PrismaClient {
  const nameOf = statementNames({ prefix: "prisma_", most: 500 });
  return new PrismaClient({
    adapter: new PrismaPg({ connectionString, max: 20 }, { statementNameGenerator: ({ sql }) => nameOf(sql) ?? "" }),
  });
}

/** As its documentation begins. */
export const plainClient = (): PrismaClient => new PrismaClient({ adapter: new PrismaPg({ connectionString }) });
