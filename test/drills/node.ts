/** A node as far as drills go: its services, its timer, its own connections. */
import { openDatabase } from "../../src/database/database.ts";
import { codeOf, messageOf } from "../../src/database/errors.ts";
import type { Drills } from "../../src/domain/drills/service.ts";
import { startDrills } from "../../src/domain/drills/timer.ts";
import type { Provider } from "../../src/providers/contract.ts";
import { servicesOf } from "../support/services.ts";
import { type MortalPool, mortalPool } from "./mortal-pool.ts";

export interface DrillNode extends Pick<MortalPool, "setFuse" | "diedAt" | "die"> {
  /** How often the server has cut its connections: it does when the machine is so busy that a transaction stands still. */
  readonly cuts: number;
  /** What its timer does every so often. False: another node does it at this moment. Rejects when the node dies in it. */
  runTimer(): Promise<boolean>;
  /** The same without the timer's lock, as when a node has lost it and does not know yet. */
  round: Drills["round"];
  /** Its connections are gone from the database too. */
  bury(): Promise<void>;
}

/** Not a deadlock: nodes that meet are not to cause one. */
export const isCut = (error: unknown): boolean =>
  /^(08|57P|25P03$)/.test(codeOf(error) ?? "") || /Connection terminated/.test(messageOf(error));

/** `warned`: told of what a living node could not do. */
export async function aDrillNode(url: string, provider: Provider, warned: (what: string) => void): Promise<DrillNode> {
  const database = await openDatabase({ url, poolSize: 3 });
  const mortal = mortalPool(database.pool);
  let cuts = 0;
  const warn = (details: object, message: string) => {
    const error: unknown = Reflect.get(details, "err");
    if (isCut(error)) cuts++;
    else if (mortal.diedAt === null) warned(`${message}: ${String(error)}`);
  };
  const { drills } = servicesOf(
    { pool: mortal.pool, prisma: database.prisma },
    { providers: new Map([["lab", provider]]), log: { info: () => {}, warn } },
  );
  // Its own rounds are a day apart: the test asks for them.
  const timer = startDrills({ pool: mortal.pool, drills, log: { warn }, everyMs: 86_400_000 });
  return {
    setFuse: mortal.setFuse,
    get cuts() {
      return cuts;
    },
    get diedAt() {
      return mortal.diedAt;
    },
    die: mortal.die,
    runTimer: timer.run,
    round: drills.round,
    async bury() {
      mortal.die();
      await timer.close();
      await database.close();
    },
  };
}
