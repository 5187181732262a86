/** Once a newer owner has spoken for a run, an older one changes nothing at the site. */
import { describe, expect, it } from "vitest";
import { type ContractSetup, Owner } from "./setup.ts";

const stale = { failure: "PERMANENT", code: "STALE_EPOCH" };
const network = { name: "isolated" };

export function epochRules(setup: () => ContractSetup): void {
  describe("epochs", () => {
    const ways: readonly [string, (owner: Owner) => Promise<unknown>][] = [
      ["order", (owner) => owner.done("createIsolatedNetwork", network)],
      ["observe", (owner) => owner.observe("nothing")],
      ["cancel", (owner) => owner.cancel("nothing")],
    ];
    it.each(ways)("are remembered by %s, and refuse every call of an older owner", async (_name, speak) => {
      const older = new Owner(setup());
      const newer = older.successor();
      await speak(older);
      await speak(newer);
      const before = await newer.artefacts();
      for (const [, call] of ways) await expect(call(older)).rejects.toMatchObject(stale);
      expect(await newer.artefacts()).toEqual(before);
      await newer.cleanUp();
    });

    it("hold for one run only", async () => {
      const newer = new Owner(setup()).successor();
      await newer.observe();
      const other = new Owner(setup());
      await other.done("createIsolatedNetwork", network);
      await other.cleanUp();
    });

    it("refuse a call that was under way when a newer owner observed", async () => {
      const older = new Owner(setup());
      const newer = older.successor();
      const key = older.newKey();
      const held = await setup().hold("createIsolatedNetwork");
      const call = older.order("createIsolatedNetwork", network, key);
      const refused = expect(call).rejects.toMatchObject(stale);
      await held.arrived;
      expect(await newer.observe(key)).toEqual(new Map());
      await held.release();
      await refused;
      expect(await newer.artefacts()).toEqual([]);
      expect(await newer.observe(key)).toEqual(new Map());
    });

    it("leave nothing undecided: what a newer owner does not see at first never comes", async () => {
      const older = new Owner(setup());
      const newer = older.successor();
      const keys = Array.from({ length: 20 }, () => older.newKey());
      const calls = keys.map((key) => older.order("createIsolatedNetwork", network, key));
      const settled = Promise.allSettled(calls);
      await Promise.race(calls);
      const seen = await newer.observe(...keys);
      const taken = (await settled).filter(({ status }) => status === "fulfilled").length;
      expect(seen.size).toBe(taken);
      expect(await newer.artefacts()).toHaveLength(taken);
      expect((await newer.observe(...keys)).size).toBe(taken);
      await newer.cleanUp();
    });
  });
}
