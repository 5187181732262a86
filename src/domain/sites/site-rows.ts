/** A site's row, as mutations read it. */
import type pg from "pg";
import { NotFoundError } from "../errors.ts";
import { fieldError } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import type { vendorFields } from "./vendor-fields.ts";

type Client = Pick<pg.ClientBase, "query">;

type SiteNames = { readonly name: string } & { readonly [Field in (typeof vendorFields)[number]]: string | null };

export async function lockSite(client: Client, siteId: string, mode: "UPDATE" | "NO KEY UPDATE"): Promise<SiteNames> {
  const { rows } = await client.query<SiteNames>({
    name: `site-lock-${mode}`,
    text: `SELECT name, vcenter_server AS "vcenterServer", vcenter_version AS "vcenterVersion", srm_server AS "srmServer",
      srm_version AS "srmVersion", datacenter FROM site WHERE id = $1 FOR ${mode}`,
    values: [siteId],
  });
  const [site] = rows;
  if (site === undefined) throw new NotFoundError("Site", encodeId("Site", siteId));
  return site;
}

export async function checkNameFree(client: Client, siteId: string, name: string): Promise<void> {
  const { rows } = await client.query<{ name: string }>({
    name: "site-name-taken",
    text: "SELECT name FROM site WHERE lower(name) = lower($1) AND id <> $2",
    values: [name, siteId],
  });
  if (rows[0] !== undefined) throw fieldError(["name"], `There is a site ${rows[0].name} already.`);
}
