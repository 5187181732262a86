/** Changing a site. */
import type pg from "pg";
import type { PlanLifecycle } from "../../database/generated/enums.ts";
import { ConflictError } from "../errors.ts";
import { checkName, fieldErrors } from "../field-errors.ts";
import { ifChanged, mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { checkNameFree, lockSite } from "./site-rows.ts";
import { checkVendorFields, type VendorFields, vendorFields } from "./vendor-fields.ts";

/** Runs of plans work on both sites of their pair: what they are called stays as it is until they have ended. */
const openRun = `SELECT r.id AS "activeRecoveryId", t.id AS "activeTaskId", r.plan_id AS "planId", r.plan_name AS "planName", p.lifecycle
  FROM recovery r JOIN site_pairing s ON s.id = r.pairing_id AND $1 IN (s.local_site_id, s.remote_site_id)
    JOIN recovery_plan p ON p.id = r.plan_id LEFT JOIN task t ON t.recovery_id = r.id
  WHERE r.ended_at IS NULL ORDER BY r.requested_at, r.id LIMIT 1`;

async function refuseInUse(client: Pick<pg.ClientBase, "query">, siteId: string, name: string): Promise<void> {
  const { rows } = await client.query<InUse>({ name: "site-open-run", text: openRun, values: [siteId] });
  const [run] = rows;
  if (run === undefined) return;
  const { activeTaskId, ...details } = run;
  const message = `The site ${name} is in use by a run of the plan ${run.planName}.`;
  const task = activeTaskId === null ? {} : { activeTaskId };
  throw new ConflictError(message, "Wait until that run has ended, or cancel it.", { ...details, ...task });
}

interface InUse {
  readonly activeRecoveryId: string;
  readonly activeTaskId: string | null;
  readonly planId: string;
  readonly planName: string;
  readonly lifecycle: PlanLifecycle;
}

/** What is left out stays as it is; null clears a vendor field. */
export interface UpdateInput extends VendorFields {
  readonly siteId: string;
  readonly name?: string | null | undefined;
  readonly idempotencyKey?: string | null | undefined;
}

export async function update(context: ServiceContext, viewer: Viewer, input: UpdateInput): Promise<{ siteId: string }> {
  const { siteId } = input;
  const errors = fieldErrors();
  if (input.name === null) errors.add(["name"], "A site has a name: leave it out to keep the one it has.");
  const name = typeof input.name === "string" ? checkName(errors, ["name"], input.name) : undefined;
  checkVendorFields(errors, input);
  errors.check();
  return mutate(context, viewer, {
    mutation: "updateSite",
    input: { ...input },
    answer: { siteId },
    async act(client) {
      const site = await lockSite(client, siteId, "NO KEY UPDATE");
      const wanted = { ...site, name: name ?? site.name };
      for (const field of vendorFields) wanted[field] = input[field] === undefined ? site[field] : (input[field] ?? null);
      return ifChanged({ ...site }, wanted, async () => {
        await refuseInUse(client, siteId, site.name);
        await checkNameFree(client, siteId, wanted.name);
        await client.query({
          name: "site-update",
          text: "UPDATE site SET name = $2, vcenter_server = $3, vcenter_version = $4, srm_server = $5, srm_version = $6, datacenter = $7 WHERE id = $1",
          values: [siteId, wanted.name, ...vendorFields.map((field) => wanted[field])],
        });
        return [{ kind: "SITE_CHANGED", id: siteId, change: "UPDATED" }];
      });
    },
  });
}
