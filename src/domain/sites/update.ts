/** Changing a site. */
import { checkName, fieldErrors } from "../field-errors.ts";
import { ifChanged, mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { checkNameFree, lockSite } from "./site-rows.ts";
import { checkVendorFields, type VendorFields, vendorFields } from "./vendor-fields.ts";

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
