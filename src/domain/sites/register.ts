/** Registering a site: its provider is asked for its inventory first, then one transaction writes the site with all that it has. */
import type pg from "pg";
import { v7 as newId } from "uuid";
import { PreconditionFailedError } from "../errors.ts";
import { checkName, checkText, type FieldErrors, fieldError, fieldErrors } from "../field-errors.ts";
import { type Reading, readSite, siteUnknown, writeReading } from "../inventory/service-refresh.ts";
import { mutate, unlessAnswered } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Viewer } from "../viewer.ts";
import { checkVendorFields, type VendorFields, vendorFields } from "./vendor-fields.ts";

export interface RegisterInput extends VendorFields {
  readonly name: string;
  readonly type: "PROTECTED" | "RECOVERY";
  readonly provider: string;
  readonly externalId: string;
  readonly idempotencyKey?: string | null | undefined;
}

const insertText = `INSERT INTO site (id, name, type, provider, external_id, vcenter_server, vcenter_version, srm_server, srm_version, datacenter,
    state_since, created_at)
  VALUES ($1, $2, $3::"SiteType", $4, $5, $6, $7, $8, $9, $10, dr_now(), dr_now())`;

export async function register(context: ServiceContext, viewer: Viewer, input: RegisterInput): Promise<{ siteId: string }> {
  const errors = fieldErrors();
  const name = checkName(errors, ["name"], input.name);
  checkText(errors, ["externalId"], input.externalId, 255);
  if (input.externalId === "") errors.add(["externalId"], "The provider's name of the site has at least one character.");
  if (!context.providers.has(input.provider)) {
    const known = [...context.providers.keys()].join(", ");
    errors.add(["provider"], `There is no provider ${JSON.stringify(input.provider)} here; there is ${known}.`);
  }
  checkVendorFields(errors, input);
  errors.check();
  const request = { mutation: "registerSite", input: { ...input } };
  const before = await unlessAnswered<{ siteId: string }, Reading>(context, viewer, request, () => read(context, { ...input, name }));
  if ("answer" in before) return before.answer;
  const reading = before.prepared;
  const siteId = newId();
  return mutate(context, viewer, {
    ...request,
    answer: { siteId },
    async act(client) {
      await checkFree(client, { ...input, name });
      const vendor = vendorFields.map((field) => input[field] ?? null);
      await client.query({
        name: "site-insert",
        text: insertText,
        values: [siteId, name, input.type, input.provider, input.externalId, ...vendor],
      });
      const changes = await writeReading(client, siteId, reading, context.quotas);
      return changes.map((change) => (change.kind === "SITE_CHANGED" ? { ...change, change: "CREATED" } : change));
    },
  });
}

async function read(context: ServiceContext, site: RegisterInput): Promise<Reading> {
  try {
    return await readSite(context, site);
  } catch (error) {
    if (error instanceof PreconditionFailedError && error.reason === siteUnknown) throw fieldError(["externalId"], error.message);
    throw error;
  }
}

async function checkFree(client: Pick<pg.ClientBase, "query">, { name, provider, externalId }: RegisterInput): Promise<void> {
  const { rows } = await client.query<{ name: string; isSame: boolean }>({
    name: "site-taken",
    text: `SELECT name, provider = $2 AND external_id = $3 AS "isSame" FROM site
      WHERE lower(name) = lower($1) OR (provider = $2 AND external_id = $3)`,
    values: [name, provider, externalId],
  });
  const errors = fieldErrors();
  for (const site of rows) addTaken(errors, name, site);
  errors.check();
}

function addTaken(errors: FieldErrors, name: string, site: { readonly name: string; readonly isSame: boolean }): void {
  if (site.isSame) errors.add(["externalId"], `This site is registered already, as ${site.name}.`);
  if (site.name.toLowerCase() === name.toLowerCase()) errors.add(["name"], `There is a site ${site.name} already.`);
}
