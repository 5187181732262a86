/** The simulated sites behind the demo's gateway: where a disaster happens is the world outside, which no API of the gateway reaches. */
import pg from "pg";
import { readConfig } from "../src/config.ts";
import { openLab } from "../src/providers/lab/lab.ts";
import { reachDatabase } from "../src/reach-database.ts";
import { dataDir } from "./gateway-process.ts";

export interface Sites extends AsyncDisposable {
  /** The site is gone, with all that ran there; answers what brings it back. */
  lose(siteName: string): Promise<() => Promise<void>>;
  /** Ends what an earlier demo that was broken off has left wrong with them. */
  heal(): Promise<void>;
}

/** Of a gateway that works on these databases. */
export async function openSites(url: string, labUrl: string, speed: number): Promise<Sites> {
  await using closing = new AsyncDisposableStack();
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  pool.on("error", () => undefined);
  closing.defer(() => pool.end());
  const lab = closing.use(await openLab({ url: labUrl, speed, guestServices: false, poolSize: 1 }));
  const rest = closing.move();
  return {
    async lose(siteName) {
      const { rows } = await pool.query<{ id: string }>("SELECT external_id AS id FROM site WHERE name = $1 AND provider = 'lab'", [
        siteName,
      ]);
      if (rows[0] === undefined) throw new Error(`${siteName} is no simulated site.`);
      return lab.faults.lose(rows[0].id);
    },
    heal: () => lab.faults.clear(),
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

/** Of the demo's own gateway, which is up. */
export async function sitesOfDemo(closing: AsyncDisposableStack): Promise<Sites> {
  const config = readConfig({ ...process.env, DATA_DIR: dataDir });
  const url = await reachDatabase(config, closing, { migrates: true });
  return openSites(url, config.labDatabaseUrl ?? url, config.labSpeed);
}
