/** The domain's rows for lab sites, and a plan over their groups: what a recovery needs, told in a few words. */
import { v7 as uuid } from "uuid";
import type { Database } from "../../src/database/database.ts";
import type { LabSites, LabSitesVm } from "./lab.ts";

type Priority = "LOWEST" | "LOW" | "NORMAL" | "HIGH" | "HIGHEST";

export interface CommandWish {
  readonly command: string;
  readonly arguments?: readonly string[];
  readonly timeoutSeconds?: number;
  readonly rerunnable?: boolean;
  readonly runInGuest?: boolean;
  readonly guestUsername?: string;
  readonly passwordSecretId?: string;
}

export type StepWish = { readonly name: string } & (
  | ({ readonly type: "COMMAND"; readonly runOnSite?: "PROTECTED" | "RECOVERY"; readonly continueOnFailure?: boolean } & CommandWish)
  | {
      readonly type: "PROMPT";
      readonly message?: string;
      readonly timeoutSeconds?: number;
      readonly defaultAnswer?: "CONTINUE" | "SKIP" | "ABORT";
      readonly needsTwoPeople?: boolean;
    }
  | { readonly type: "PAUSE"; readonly durationSeconds?: number }
);

export interface VmWish {
  readonly priority?: Priority;
  readonly startupDelaySeconds?: number;
  readonly powerOnAfterRecovery?: boolean;
  readonly readyCheck?: "HEARTBEAT" | "POWERED_ON" | "TCP" | "HTTP" | "SCRIPT";
  readonly readyPort?: number;
  readonly readyTarget?: string;
  readonly readyTimeoutSeconds?: number;
  readonly dependsOn?: readonly string[];
  readonly targetIp?: string;
  readonly pre?: readonly CommandWish[];
  readonly post?: readonly CommandWish[];
}

export interface PriorityWish {
  /** Positions of the lab's groups. */
  readonly groups: readonly number[];
  readonly pre?: readonly StepWish[];
  readonly post?: readonly StepWish[];
}

export interface PlanWish {
  readonly name?: string;
  /** One priority group per group of the lab when left out. */
  readonly priorityGroups?: readonly PriorityWish[];
  /** Settings by VM name. */
  readonly vms?: Readonly<Record<string, VmWish>>;
  /** False: tests make an isolated network of their own. */
  readonly testNetwork?: boolean;
}

export interface PlanRows {
  readonly planId: string;
  readonly pairingId: string;
  readonly protectedSiteId: string;
  readonly recoverySiteId: string;
  readonly groupIds: readonly string[];
  /** Database id by VM name. */
  readonly vmIds: ReadonlyMap<string, string>;
}

export async function aPlan(database: Database, sites: LabSites, wish: PlanWish = {}): Promise<PlanRows> {
  const { prisma } = database;
  const protectedSiteId = uuid();
  const recoverySiteId = uuid();
  const place = { provider: "lab" };
  await prisma.site.createMany({
    data: [
      { id: protectedSiteId, name: sites.protectedSite, type: "PROTECTED", externalId: sites.protectedSite, ...place },
      { id: recoverySiteId, name: sites.recoverySite, type: "RECOVERY", externalId: sites.recoverySite, ...place },
    ],
  });
  const pairing = await prisma.sitePairing.create({ data: { localSiteId: protectedSiteId, remoteSiteId: recoverySiteId } });
  const networks = await insertInventory(
    database,
    sites,
    { protectedSiteId, recoverySiteId, pairingId: pairing.id },
    wish.testNetwork ?? true,
  );
  const { groupIds, vmIds } = await insertGroups(database, sites, { protectedSiteId, recoverySiteId, ...networks });
  await insertSettings(database, vmIds, wish.vms ?? {});
  const planId = await insertPlan(database, pairing.id, groupIds, wish);
  return { planId, pairingId: pairing.id, protectedSiteId, recoverySiteId, groupIds, vmIds };
}

interface Pair {
  readonly protectedSiteId: string;
  readonly recoverySiteId: string;
  readonly pairingId: string;
}

/** A provider knows networks by their names, so the lab's ids are the names here. */
async function insertInventory({ prisma }: Database, sites: LabSites, pair: Pair, withTestNetwork: boolean) {
  const network = (siteId: string, name: string) => ({ id: uuid(), siteId, name, type: "STANDARD" as const });
  const source = network(pair.protectedSiteId, sites.sourceNetwork);
  const target = network(pair.recoverySiteId, sites.targetNetwork);
  const test = network(pair.recoverySiteId, sites.testNetwork);
  await prisma.network.createMany({ data: [source, target, test] });
  await prisma.networkMapping.create({
    data: {
      pairingId: pair.pairingId,
      sourceNetworkId: source.id,
      targetNetworkId: target.id,
      testNetworkId: withTestNetwork ? test.id : null,
    },
  });
  return { networkId: source.id };
}

async function insertGroups(
  database: Database,
  sites: LabSites,
  at: { protectedSiteId: string; recoverySiteId: string; networkId: string },
) {
  const { protectedSiteId, recoverySiteId } = at;
  const idOfGroup = new Map(sites.groups.map(({ id }) => [id, uuid()]));
  await database.prisma.protectionGroup.createMany({
    data: sites.groups.map((group) => ({
      id: idOfGroup.get(group.id) ?? "",
      name: group.name,
      externalId: group.id,
      type: "CONTINUOUS" as const,
      replicationType: "CONTINUOUS" as const,
      protectedSiteId,
      recoverySiteId,
    })),
  });
  const byId = new Map(sites.vms.map((vm) => [vm.id, vm]));
  const vmIds = new Map<string, string>();
  for (const group of sites.groups) {
    const members = group.vmIds.flatMap((id) => byId.get(id) ?? []).map((vm) => ({ vm, id: uuid() }));
    for (const { vm, id } of members) vmIds.set(vm.name, id);
    await insertMembers(database, members, { ...at, groupId: idOfGroup.get(group.id) ?? "" });
  }
  return { groupIds: [...idOfGroup.values()], vmIds };
}

/** By SQL alone: there may be thousands, and Prisma takes a millisecond for each. */
async function insertMembers(
  { pool }: Database,
  members: readonly { readonly vm: LabSitesVm; readonly id: string }[],
  { protectedSiteId, networkId, groupId }: { protectedSiteId: string; networkId: string; groupId: string },
): Promise<void> {
  await pool.query(
    `WITH x AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS x (id, external_id, name, ip, placeholder)),
      v AS (INSERT INTO virtual_machine (id, site_id, external_id, name) SELECT id, $6, external_id, name FROM x),
      n AS (INSERT INTO vm_nic (id, vm_id, nic_index, network_id, ip_addresses) SELECT gen_random_uuid(), id, 0, $7, ARRAY[ip] FROM x)
    INSERT INTO protected_vm (vm_id, group_id, protection_state, placeholder_name, placeholder_external_id)
    SELECT id, $8, 'SHADOWING', name || '-placeholder', placeholder FROM x`,
    [
      members.map(({ id }) => id),
      members.map(({ vm }) => vm.id),
      members.map(({ vm }) => vm.name),
      members.map(({ vm }) => vm.ip),
      members.map(({ vm }) => vm.placeholderId),
      protectedSiteId,
      networkId,
      groupId,
    ],
  );
}

async function insertSettings(
  { prisma }: Database,
  vmIds: ReadonlyMap<string, string>,
  wishes: Readonly<Record<string, VmWish>>,
): Promise<void> {
  const idOf = (name: string) => vmIds.get(name) ?? name;
  for (const [name, { dependsOn = [], targetIp, pre = [], post = [], ...settings }] of Object.entries(wishes)) {
    const vmId = idOf(name);
    await prisma.vmRecoverySettings.create({ data: { vmId, ...settings, ipCustomizationEnabled: targetIp !== undefined } });
    await prisma.vmDependency.createMany({ data: dependsOn.map((other) => ({ vmId, dependsOnVmId: idOf(other) })) });
    if (targetIp !== undefined) await prisma.ipRule.create({ data: { vmId, position: 1, nicIndex: 0, targetIp, prefixLength: 24 } });
    const commands = [
      ...pre.map((wish) => ({ wish, phase: "PRE_POWER_ON" as const })),
      ...post.map((wish) => ({ wish, phase: "POST_POWER_ON" as const })),
    ];
    await prisma.vmCommand.createMany({
      data: commands.map(({ wish: { arguments: given = [], ...rest }, phase }, position) => ({
        vmId,
        phase,
        position,
        arguments: [...given],
        ...rest,
      })),
    });
  }
}

export async function insertPlan({ prisma }: Database, pairingId: string, groupIds: readonly string[], wish: PlanWish): Promise<string> {
  const plan = await prisma.recoveryPlan.create({ data: { name: wish.name ?? "plan", pairingId } });
  const wishes = wish.priorityGroups ?? groupIds.map((_, index): PriorityWish => ({ groups: [index] }));
  for (const [index, { groups, pre = [], post = [] }] of wishes.entries()) {
    const priority = index + 1;
    const made = await prisma.planPriorityGroup.create({ data: { planId: plan.id, priority, name: `Priority ${priority}` } });
    await prisma.planProtectionGroup.createMany({
      data: groups.map((at) => ({ planId: plan.id, groupId: groupIds[at] ?? "", priorityGroupId: made.id })),
    });
    const rows = (phase: "PRE_POWER_ON" | "POST_POWER_ON", steps: readonly StepWish[]) =>
      steps.map((step, position) => ({ ...stepRow(step), priorityGroupId: made.id, phase, position: position + 1 }));
    await prisma.planStep.createMany({ data: [...rows("PRE_POWER_ON", pre), ...rows("POST_POWER_ON", post)] });
  }
  return plan.id;
}

function stepRow(step: StepWish) {
  if (step.type === "PROMPT") return { ...step, message: step.message ?? "Go on?" };
  if (step.type === "PAUSE") return step;
  const { arguments: given = [], runInGuest: _guest, ...rest } = step;
  return { ...rest, arguments: [...given], timeoutSeconds: step.timeoutSeconds ?? 30, runOnSite: step.runOnSite ?? ("RECOVERY" as const) };
}
