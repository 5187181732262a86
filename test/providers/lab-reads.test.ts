/** What the lab reads to answer: told by the numbers that PostgreSQL counts of a transaction. */
import pg from "pg";
import { expect, it } from "vitest";
import { freshDatabase } from "../support/database.ts";
import { aLab, labSites } from "../support/lab.ts";

it("asked for one VM, it looks that one up, however many the site has", async () => {
  const db = await freshDatabase();
  const sites = labSites({ vms: 3_000 });
  const lab = await aLab(db.url, sites);
  const client = new pg.Client({ connectionString: db.url });
  try {
    await client.connect();
    await client.query("SET enable_seqscan = off");
    await client.query("BEGIN");
    const read = async () =>
      Number(
        (
          await client.query(
            "SELECT pg_stat_get_xact_tuples_fetched(i.indexrelid) + pg_stat_get_xact_tuples_returned(i.indexrelid) AS n FROM pg_index i WHERE i.indrelid = 'lab.vm'::regclass",
          )
        ).rows.reduce((sum, { n }) => sum + Number(n), 0),
      );
    for (let round = 0; round < 7; round++)
      await client.query("SELECT lab.vm_status($1, $2, false)", [sites.protectedSite, [sites.vms[0]?.id]]);
    expect(await read()).toBeLessThan(50);
  } finally {
    await client.end();
    await lab.close();
    await db.drop();
  }
});
