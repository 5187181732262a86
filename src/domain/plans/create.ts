/** Making a plan. (Reference: Create Recovery Plan.) */
import { v7 as newId } from "uuid";
import type { Change } from "../../events/changes.ts";
import { type FieldErrors, fieldErrors } from "../field-errors.ts";
import { lockPairsOf } from "../locks.ts";
import { mutate } from "../mutation.ts";
import { checkQuota, type Quotas } from "../quotas.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { checkPlanWish, newPlan, type PlanFields, type PlanWish, withWish } from "./defaults.ts";
import {
  checkGroupQuota,
  checkGroups,
  checkPlacements,
  checkPlan,
  findGroups,
  holdGroups,
  insertPlacements,
  type Placement,
} from "./placements.ts";
import { nameIsTaken, type Queryable } from "./rows.ts";

export interface CreateInput extends PlanWish {
  readonly name: string;
  /** Null: the pair of the first protection group. */
  readonly pairingId?: string | null | undefined;
  readonly protectionGroups: readonly Placement[];
  readonly idempotencyKey?: string | null | undefined;
}

/** The plan that was made or changed. */
export interface ChangedPlan extends Readonly<Record<string, string>> {
  readonly planId: string;
}

export function create(context: ServiceContext, viewer: Viewer, input: CreateInput): Promise<ChangedPlan> {
  const planId = newId();
  return mutate(context, viewer, {
    mutation: "createRecoveryPlan",
    input: { ...input },
    answer: { planId },
    act: (client) => act(client, context.quotas, planId, input),
  });
}

async function act(client: Queryable, quotas: Quotas, planId: string, input: CreateInput): Promise<Change[]> {
  const errors = fieldErrors();
  const fields = withWish(newPlan, input);
  const placements = input.protectionGroups.map((placement, at) => ({ ...placement, path: ["protectionGroups", at] }));
  const groupIds = placements.map(({ protectionGroupId }) => protectionGroupId);
  checkPlanWish(errors, input);
  checkPlacements(errors, placements, []);
  const pair = await pairOf(client, errors, input);
  if (pair !== null) await lockPairsOf(client, [pair.localSiteId, pair.remoteSiteId]);
  checkGroups(errors, placements, await holdGroups(client, groupIds), pair?.id ?? null);
  if (await nameIsTaken(client, fields.name, null)) errors.add(["name"], "Another recovery plan has this name.");
  errors.check();
  if (pair === null) throw new Error("a plan without a pair was not refused");
  checkGroupQuota(quotas, fields.name, 0, groupIds.length);
  await checkSiteQuota(client, quotas, pair);
  await insert(client, planId, pair.id, fields);
  await insertPlacements(client, planId, placements, []);
  await checkPlan(client, errors, planId, ["protectionGroups"]);
  const groups = groupIds.map((id): Change => ({ kind: "PROTECTION_GROUP_CHANGED", id, change: "UPDATED" }));
  return [{ kind: "PLAN_CHANGED", id: planId, change: "CREATED", name: fields.name }, ...groups];
}

interface Pair {
  readonly id: string;
  readonly localSiteId: string;
  readonly remoteSiteId: string;
}

/** Null: it can't be told, which the errors say. */
async function pairOf(client: Queryable, errors: FieldErrors, { pairingId, protectionGroups }: CreateInput): Promise<Pair | null> {
  const groups = await findGroups(
    client,
    protectionGroups.map(({ protectionGroupId }) => protectionGroupId),
  );
  const ofGroups = protectionGroups.map(({ protectionGroupId: id }) => groups.get(id)?.pairingId ?? null);
  const id = pairingId ?? ofGroups.find((ofGroup) => ofGroup !== null) ?? null;
  const text = `SELECT id, local_site_id AS "localSiteId", remote_site_id AS "remoteSiteId" FROM site_pairing WHERE id = $1`;
  const { rows } = await client.query<Pair>({ name: "plan-pair", text, values: [id] });
  const [pair] = rows;
  if (pair !== undefined) return pair;
  const message = id === null ? "The plan's pair of sites can't be told from its protection groups." : "There is no pair with this id.";
  errors.add(["pairingId"], message);
  return null;
}

async function checkSiteQuota(client: Queryable, { plansPerSite }: Quotas, { localSiteId, remoteSiteId }: Pair): Promise<void> {
  const { rows } = await client.query<{ name: string; plans: number }>({
    name: "plans-of-sites",
    text: `SELECT s.name, (SELECT count(*)::int4 FROM recovery_plan p JOIN site_pairing i ON i.id = p.pairing_id
        WHERE s.id IN (i.local_site_id, i.remote_site_id)) AS plans
      FROM site s WHERE s.id = ANY ($1::uuid[]) ORDER BY plans DESC, s.name`,
    values: [[localSiteId, remoteSiteId]],
  });
  for (const { name, plans } of rows) checkQuota(`recovery plans of the site ${name}`, plansPerSite, plans, 1);
}

async function insert(client: Queryable, planId: string, pairingId: string, fields: PlanFields): Promise<void> {
  await client.query({
    name: "plan-insert",
    text: `INSERT INTO recovery_plan (id, pairing_id, name, description, default_vm_priority, default_startup_delay_seconds,
        default_shutdown_delay_seconds, rto_target_seconds) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      planId,
      pairingId,
      fields.name,
      fields.description,
      fields.defaultVmPriority,
      fields.defaultStartupDelaySeconds,
      fields.defaultShutdownDelaySeconds,
      fields.rtoTargetSeconds,
    ],
  });
}
