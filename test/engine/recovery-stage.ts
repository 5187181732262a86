/** Real recoveries and reprotects on lab sites, by the engine alone: runs are written as rows, with their snapshots, and a node drives them. */
import { randomUUID } from "node:crypto";
import { v7 as newId } from "uuid";
import type { RunKind } from "../../src/engine/model.ts";
import type { RecoverySnapshot, ReprotectSnapshot, SnapshotSite } from "../../src/engine/run-snapshot.ts";
import { type Lab, openLab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { type LabSites, labSites } from "../support/lab.ts";
import { aNode, type TestNode } from "../support/node.ts";
import { aPlan, type PlanRows } from "../support/plan.ts";
import { ended, type ReadRun } from "../support/run.ts";
import { base, vm } from "./support/plans.ts";

export interface RecoveryStage extends AsyncDisposable {
  readonly db: TestDatabase;
  readonly lab: Lab;
  scene(wish?: { readonly machines?: number; readonly groups?: number }): Promise<RecoveryScene>;
}

type RecoveryWish = Omit<Partial<RecoverySnapshot>, "kind" | "options"> & { readonly options?: Partial<RecoverySnapshot["options"]> };

export interface RecoveryScene extends PlanRows {
  readonly sites: LabSites;
  recover(kind: RecoverySnapshot["kind"], wish?: RecoveryWish): Promise<Ended>;
  reprotect(options?: Partial<ReprotectSnapshot["options"]>, rerunOf?: string): Promise<Ended>;
}

export interface Ended extends ReadRun {
  readonly id: string;
  status(kind: string, name?: string): string;
}

export async function aRecoveryStage(): Promise<RecoveryStage> {
  const db = await freshDatabase();
  const lab = await openLab({ url: db.url, speed: "instant", guestServices: false });
  const node: TestNode = await aNode(db.database, lab.provider);
  return {
    db,
    lab,
    async scene(wish = {}) {
      const prefix = `${randomUUID().slice(0, 8)}-`;
      const sites = labSites({ vms: wish.machines ?? 2, groups: wish.groups ?? 1, prefix });
      await lab.define(sites.definition);
      const plan = await aPlan(db.database, sites, { name: `${prefix}plan` });
      const writer = aWriter(db, lab, plan, sites);
      return { ...plan, sites, ...writer };
    },
    async [Symbol.asyncDispose]() {
      await node.close();
      await lab.close();
      await db.drop();
    },
  };
}

function aWriter(
  { database }: TestDatabase,
  { provider }: Lab,
  plan: PlanRows,
  sites: LabSites,
): Pick<RecoveryScene, "recover" | "reprotect"> {
  const { pool } = database;
  const { planId, pairingId, protectedSiteId, recoverySiteId, groupIds } = plan;

  async function site(id: string, externalId: string): Promise<SnapshotSite> {
    const capabilities = await provider.capabilities(externalId, AbortSignal.timeout(60_000));
    return { id, name: externalId, provider: "lab", externalId, capabilities };
  }

  async function run(kind: RunKind, snapshot: RecoverySnapshot | ReprotectSnapshot, policy: string): Promise<Ended> {
    const id = newId();
    await pool.query(
      `INSERT INTO recovery (id, plan_id, plan_name, pairing_id, kind, options, initiated_by, failure_policy, rerun_of_id)
        VALUES ($1, $2, 'plan', $3, $4, '{}', 'olga', $5, $6)`,
      [id, planId, pairingId, kind, policy, snapshot.rerunOf],
    );
    await pool.query("INSERT INTO recovery_group (run_id, group_id, group_name) SELECT $1, g, g::text FROM unnest($2::uuid[]) g", [
      id,
      groupIds,
    ]);
    await pool.query("DELETE FROM group_use WHERE group_id = ANY($1)", [groupIds]);
    await pool.query("INSERT INTO group_use (run_id, group_id) SELECT $1, unnest($2::uuid[])", [id, groupIds]);
    await pool.query("INSERT INTO recovery_snapshot (run_id, content) VALUES ($1, $2)", [id, JSON.stringify(snapshot)]);
    await pool.query("SELECT pg_notify('dr_work', $1)", [id]);
    const told = await ended(database, id, 60);
    return {
      ...told,
      id,
      status: (step, name = "") => told.steps.find((one) => one.kind === step && one.name.includes(name))?.status ?? "",
    };
  }

  return {
    async recover(kind, { options = {}, ...more } = {}) {
      const protectedSite = await site(protectedSiteId, sites.protectedSite);
      const recoverySite = await site(recoverySiteId, sites.recoverySite);
      const ids = new Map(sites.groups.map(({ id }, index) => [id, groupIds[index] ?? ""]));
      const snapshot: RecoverySnapshot = {
        ...base,
        kind,
        plan: { id: planId, name: "plan" },
        protectedSite,
        recoverySite,
        options: {
          powerOnVms: true,
          runScripts: true,
          syncData: true,
          shutdownSourceVms: true,
          failurePolicy: kind === "PLANNED" ? "PAUSE" : "CONTINUE",
          unfencedAcceptedBy: null,
          protectedSiteBudgetSeconds: 120,
          ...options,
        },
        protectedSiteCondition: "CONNECTED",
        groups: sites.groups.map(({ id, name }) => ({ id: ids.get(id) ?? "", name, externalId: id, pointId: null })),
        testNetworks: [{ id: "target", name: sites.targetNetwork, testNetworkId: sites.targetNetwork }],
        priorityGroups: groupIds.map((id, index) => ({ priority: index + 1, name: "", groupIds: [id], preSteps: [], postSteps: [] })),
        vms: sites.vms.map((machine) => ({
          ...vm(machine.name, ids.get(machine.groupId) ?? ""),
          id: plan.vmIds.get(machine.name) ?? "",
          externalId: machine.id,
          placeholderId: machine.placeholderId,
          folderId: sites.folder,
          resourcePoolId: sites.resourcePool,
          nics: [{ nicIndex: 0, testNetwork: "target" }],
          shutdownDelaySeconds: 30,
        })),
        rerunOf: null,
        ...more,
      };
      await pool.query("UPDATE recovery_plan SET lifecycle = 'RECOVERY_IN_PROGRESS' WHERE id = $1", [planId]);
      return run(kind, snapshot, snapshot.options.failurePolicy);
    },
    async reprotect(options = {}, rerunOf) {
      const snapshot: ReprotectSnapshot = {
        ...base,
        kind: "REPROTECT",
        plan: { id: planId, name: "plan" },
        protectedSite: await site(recoverySiteId, sites.recoverySite),
        recoverySite: await site(protectedSiteId, sites.protectedSite),
        options: { syncData: true, reverseReplication: true, force: false, ...options },
        groups: await turning(),
        rerunOf: rerunOf ?? null,
      };
      await pool.query("UPDATE recovery_plan SET lifecycle = 'REPROTECT_IN_PROGRESS' WHERE id = $1", [planId]);
      return run("REPROTECT", snapshot, "CONTINUE");
    },
  };

  async function turning(): Promise<ReprotectSnapshot["groups"]> {
    const { rows } = await pool.query<ReprotectSnapshot["groups"][number]["vms"][number] & { groupId: string }>(
      `SELECT r.group_id AS "groupId", v.id, v.name, r.recovered_external_id AS "externalId", r.original_external_id AS "formerExternalId",
        v.name || '-old' AS "placeholderName" FROM recovered_vm r JOIN virtual_machine v ON v.id = r.vm_id WHERE r.group_id = ANY($1)`,
      [groupIds],
    );
    const all = sites.groups.map(({ id: formerExternalId, name }, index) => ({
      id: groupIds[index] ?? "",
      name,
      externalId: `${formerExternalId}-back`,
      formerExternalId,
      storageGroups: [{ sources: [sites.targetDatastore], target: sites.sourceDatastore }],
      vms: rows.filter(({ groupId }) => groupId === groupIds[index]).map(({ groupId: _, ...machine }) => machine),
    }));
    return all.filter(({ vms }) => vms.length > 0);
  }
}
