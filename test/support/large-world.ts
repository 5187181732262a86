/** A database with everything in it that its planner takes for a large one. */
import { measureLag } from "../../src/engine/lag/measure.ts";
import { keepStanding } from "../../src/engine/replication/standing.ts";
import { freshDatabase } from "./database.ts";
import { fillUp, fullReads } from "./large-tables.ts";
import { aWorld } from "./world.ts";

/** Which of these statements would read a large table in full there. */
export async function fullReadsInLargeWorld(texts: Iterable<string>): Promise<string[]> {
  const world = await freshDatabase();
  try {
    await aWorld(world.database, 2);
    await fillUp(world.database);
    await keepStanding(world.database.pool, 30, null);
    await measureLag(world.database.pool);
    const client = await world.database.pool.connect();
    return await fullReads(client, texts).finally(() => client.release(true));
  } finally {
    await world.drop();
  }
}
