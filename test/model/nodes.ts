/** Two nodes that drive the runs. One that dies is replaced, and its leases are over as soon as somebody asks. */
import type { Database } from "../../src/database/database.ts";
import type { Provider } from "../../src/providers/contract.ts";
import { aMortalNode, type MortalNode, type Trap } from "./mortal-node.ts";

export interface Nodes {
  /** Something of this run is new; "": of any. */
  hint(runId: string): void;
  /** The owner of this run dies, or any node if it has none. */
  crash(runId: string | null): Promise<void>;
  /** The next node that orders such an effect dies there; null: none does. */
  setTrap(trap: Trap | null): void;
  /** The leases of the dead are over, and others stand in their place. */
  replace(): Promise<void>;
  /** The dead are gone, with their threads and connections. */
  bury(): Promise<void>;
  close(): Promise<void>;
}

/** A call that is lost is given up soon; one that stays at its site outlasts most sequences. */
const settings = { replicationMinimumSeconds: 30, replicationTickMs: 50, tickMs: 100, callTimeoutMs: 5_000 } as const;

export async function twoNodes(database: Database, provider: Provider): Promise<Nodes> {
  const { pool } = database;
  const living: MortalNode[] = [];
  const dead: MortalNode[] = [];
  let trap: Trap | null = null;
  const traps = {
    take(kind: Trap["kind"]) {
      const taken = trap?.kind === kind ? trap : null;
      if (taken !== null) trap = null;
      return taken;
    },
  };

  const hint = (runId: string) => {
    for (const node of living) node.hint(runId);
  };

  async function replace(): Promise<void> {
    for (const node of living.filter(({ alive }) => !alive)) dead.push(...living.splice(living.indexOf(node), 1));
    while (living.length < 2) living.push(await aMortalNode(database, provider, settings, traps));
    if (dead.length > 0 && (await endLeases(database, dead))) hint("");
  }

  await replace();
  return {
    hint,
    async crash(runId) {
      const { rows } = await pool.query<{ owner: string | null }>("SELECT owner FROM recovery WHERE id = $1", [runId]);
      (living.find(({ nodeId }) => nodeId === rows[0]?.owner) ?? living[0])?.die();
      await replace();
    },
    setTrap: (wanted) => {
      trap = wanted;
    },
    replace,
    async bury() {
      await Promise.all(dead.splice(0).map(({ buried }) => buried));
    },
    async close() {
      await Promise.all([...dead, ...living].map((node) => node.close()));
    },
  };
}

/** The time of a lease passes at once. True: somebody has to take a run up. */
async function endLeases({ pool }: Database, dead: readonly MortalNode[]): Promise<boolean> {
  const ids = dead.map(({ nodeId }) => nodeId);
  const lapse = (table: string) =>
    pool.query(
      `UPDATE ${table} SET lease_until = clock_timestamp() - interval '1 ms' WHERE owner = ANY ($1::uuid[]) AND lease_until > clock_timestamp()`,
      [ids],
    );
  await lapse("replication_cycle");
  return ((await lapse("recovery")).rowCount ?? 0) > 0;
}
