/** A test recovery on a fresh pair of lab sites, in one line: many scenes share a database, a lab and a node. */
import { randomUUID } from "node:crypto";
import type { EngineSettings } from "../../src/engine/settings.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { type LabSites, labSites } from "../support/lab.ts";
import { aNode, operator, type TestNode } from "../support/node.ts";
import { aPlan, type PlanRows, type PlanWish } from "../support/plan.ts";
import { ended, type ReadRun, type ReadStep } from "../support/run.ts";

export interface Stage extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly lab: Lab;
  readonly node: TestNode;
  scene(wish?: PlanWish & { readonly machines?: number; readonly groups?: number }): Promise<Scene>;
}

export interface Scene extends PlanRows {
  readonly sites: LabSites;
  /** The name of the nth machine, from 1. */
  vm(number: number): string;
  start(options?: {
    powerOnVms?: boolean;
    runScripts?: boolean;
    syncData?: boolean;
    failurePolicy?: "PAUSE" | "CONTINUE";
  }): Promise<string>;
  /** Starts a test and waits for its end. */
  test(): Promise<Told>;
  cleanup(force?: boolean): Promise<Told>;
  end(recoveryId: string): Promise<Told>;
}

export interface Told extends ReadRun {
  readonly recoveryId: string;
  /** The step whose name starts so, of this kind. */
  step(kind: string, name?: string): ReadStep;
}

export async function aStage(settings: Partial<EngineSettings> = {}): Promise<Stage> {
  const db = await freshDatabase();
  const lab = await openLab({ url: db.url, speed: "instant", guestServices: false, poolSize: 3 });
  const node = await aNode(db.database, lab.provider, settings);
  const end = async (recoveryId: string): Promise<Told> => {
    const run = await ended(db.database, recoveryId);
    return { ...run, recoveryId, step: (kind, name = "") => find(run, kind, name) };
  };
  return {
    db,
    lab,
    node,
    async scene({ machines = 2, groups = 1, ...wish } = {}) {
      const prefix = `${randomUUID().slice(0, 8)}-`;
      const sites = labSites({ vms: machines, groups, prefix });
      await lab.define(sites.definition);
      const vm = (number: number) => `${prefix}vm-${number}`;
      const vms = Object.fromEntries(
        Object.entries(wish.vms ?? {}).map(([name, { dependsOn = [], ...rest }]) => [
          `${prefix}${name}`,
          { ...rest, dependsOn: dependsOn.map((other) => `${prefix}${other}`) },
        ]),
      );
      const rows = await aPlan(db.database, sites, { name: `${prefix}plan`, ...wish, vms });
      const { planId } = rows;
      const start = async (options = {}) =>
        (await node.recoveries.start(operator, { planId, recoveryType: "TEST", ...options })).recoveryId;
      return {
        ...rows,
        sites,
        vm,
        start,
        test: async () => end(await start()),
        cleanup: async (force = false) => end((await node.recoveries.cleanup(operator, { planId, force })).recoveryId),
        end,
      };
    },
    async [Symbol.asyncDispose]() {
      await node.close();
      await lab.close();
      await db.drop();
    },
  };
}

function find(run: ReadRun, kind: string, name: string): ReadStep {
  const step = run.steps.find((candidate) => candidate.kind === kind && candidate.name.includes(name));
  if (!step)
    throw new Error(`the run has no ${kind} ${name}: ${run.steps.map((candidate) => `${candidate.kind} ${candidate.name}`).join(", ")}`);
  return step;
}
