/** Part of `npm run check`: fails when prisma/schema was changed without a migration. */
import { schemaDrift } from "../schema-drift.ts";

const missing = await schemaDrift();
if (missing === null) {
  console.log("The migrations hold all of prisma/schema.");
} else {
  console.error(`prisma/schema was changed without a migration; write one with: npm run db:migration -- NAME\n\n${missing}`);
  process.exitCode = 1;
}
