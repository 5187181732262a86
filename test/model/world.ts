/**
 * The real thing that a sequence works on: two lab sites, three groups of five VMs, and two plans that share a group; driven by two nodes
 * in this process, on PostgreSQL. One world serves many sequences: each finds it as it was at first.
 */
import { encodeId, type NodeType } from "../../src/domain/ids.ts";
import { createHeartbeats, type Heartbeats } from "../../src/engine/heartbeat/heartbeats.ts";
import { defaultHeartbeat } from "../../src/engine/heartbeat/settings.ts";
import type { Lab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aLab, type LabSites, labSites } from "../support/lab.ts";
import { aPlan, insertPlan, type PlanRows } from "../support/plan.ts";
import { rewinder } from "../support/rewinder.ts";
import { aClient, type Client } from "./client.ts";
import { aClock, type Clock } from "./clock.ts";
import { type Nodes, twoNodes } from "./nodes.ts";

export type Site = "A" | "B";

export interface World {
  readonly db: TestDatabase;
  readonly lab: Lab;
  readonly sites: LabSites;
  readonly rows: PlanRows;
  /** The database's own ids. */
  readonly planIds: readonly string[];
  readonly client: Client;
  readonly clock: Clock;
  readonly nodes: Nodes;
  /** The global id of what the database knows by this one. */
  gid(type: NodeType, id: string): string;
  /** One round, now. */
  heartbeat(): Promise<void>;
  /** Everything as it was at first. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export async function aWorld(): Promise<World> {
  const db = await freshDatabase();
  const { pool } = db.database;
  const sites = labSites({ vms: 5, groups: 3 });
  const lab = await aLab(db.url, sites);
  const { rows, planIds } = await twoPlans(db, sites);
  const clock = await aClock(pool);
  const rewind = await rewinder(db, ["public", "lab"]);
  const nodes = await twoNodes(db.database, lab.provider);
  const providers = new Map([["lab", lab.provider]]);
  const client = aClient(db, { providers, hint: nodes.hint });
  const log = { info: () => undefined, warn: () => undefined };
  const listen = (): Heartbeats => createHeartbeats({ pool, providers, settings: defaultHeartbeat, announce: () => undefined, log });
  let heartbeats = listen();
  return {
    db,
    lab,
    sites,
    rows,
    planIds,
    client,
    clock,
    nodes,
    gid: encodeId,
    heartbeat: () => heartbeats.beat(),
    async reset() {
      nodes.setTrap(null);
      await nodes.bury();
      await heartbeats.close();
      await lab.faults.clear();
      await clock.reset();
      await rewind();
      // Who listens goes by the clock, which has gone back.
      heartbeats = listen();
      await heartbeats.beat();
    },
    async close() {
      await heartbeats.close();
      client.close();
      await nodes.close();
      await lab.close();
      await db.drop();
    },
  };
}

async function twoPlans(db: TestDatabase, sites: LabSites): Promise<{ readonly rows: PlanRows; readonly planIds: readonly string[] }> {
  const note = { name: "Note", type: "COMMAND", command: "note.sh", arguments: ["/dev/null"], rerunnable: true } as const;
  const rows = await aPlan(db.database, sites, {
    name: "first",
    vms: { "vm-4": { dependsOn: ["vm-1"] }, "vm-5": { priority: "HIGH" } },
    priorityGroups: [
      { groups: [0], pre: [note] },
      { groups: [1], pre: [{ name: "Go on?", type: "PROMPT" }] },
    ],
  });
  const second = await insertPlan(db.database, rows.pairingId, rows.groupIds, { name: "second", priorityGroups: [{ groups: [1, 2] }] });
  await mapBack(db, rows, sites);
  return { rows, planIds: [rows.planId, second] };
}

/** Mappings belong to a direction: these are of the way back. */
async function mapBack({ database }: TestDatabase, { pairingId }: PlanRows, sites: LabSites): Promise<void> {
  await database.pool.query(
    `INSERT INTO network_mapping (id, pairing_id, source_network_id, target_network_id)
      SELECT gen_random_uuid(), $1, a.id, b.id FROM network a, network b WHERE a.name = $2 AND b.name = $3`,
    [pairingId, sites.targetNetwork, sites.sourceNetwork],
  );
}
