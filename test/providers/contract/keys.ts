/** A key makes an effect happen once. */
import { describe, expect, it } from "vitest";
import { type ContractSetup, Owner } from "./setup.ts";

export function keyRules(setup: () => ContractSetup): void {
  describe("keys", () => {
    it("make ten orders at once one operation", async () => {
      const owner = new Owner(setup());
      // Connections are open and the epoch is known already: nothing but the key brings the orders into line.
      await Promise.all(Array.from({ length: 10 }, () => owner.observe()));
      const key = owner.newKey();
      const results = await Promise.all(Array.from({ length: 10 }, () => owner.done("createIsolatedNetwork", { name: "isolated" }, key)));
      expect(new Set(results.map(({ networkId }) => networkId)).size).toBe(1);
      expect(await owner.kinds()).toEqual(["NETWORK"]);
      await owner.cleanUp();
    });

    it("are answered each by itself though their orders come at once", async () => {
      const owner = new Owner(setup());
      const key = owner.newKey();
      const known = await owner.done("createIsolatedNetwork", { name: "isolated" }, key);
      const answers = await Promise.allSettled([
        owner.done("createIsolatedNetwork", { name: "another" }),
        owner.order("createIsolatedNetwork", { name: "no longer" }, key),
        owner.order("removeNetwork", { networkId: setup().networkId }),
        owner.done("createIsolatedNetwork", { name: "isolated" }, key),
      ]);
      expect(answers).toEqual([
        { status: "fulfilled", value: { networkId: expect.any(String) } },
        { status: "rejected", reason: expect.objectContaining({ code: "KEY_REUSED" }) },
        { status: "rejected", reason: expect.objectContaining({ code: "REFUSED" }) },
        { status: "fulfilled", value: known },
      ]);
      expect(await owner.kinds()).toEqual(["NETWORK", "NETWORK"]);
      await owner.cleanUp();
    });

    it("stand for the same operation after it is complete, and after what it made is gone", async () => {
      const owner = new Owner(setup());
      const key = owner.newKey();
      const first = await owner.done("createIsolatedNetwork", { name: "isolated" }, key);
      await owner.cleanUp();
      expect(await owner.done("createIsolatedNetwork", { name: "isolated" }, key)).toEqual(first);
      expect(await owner.artefacts()).toEqual([]);
    });

    it("are refused for another request, kind or run", async () => {
      const owner = new Owner(setup());
      const key = owner.newKey();
      await owner.done("createIsolatedNetwork", { name: "isolated" }, key);
      const reused = { failure: "PERMANENT", code: "KEY_REUSED" };
      await expect(owner.order("createIsolatedNetwork", { name: "other" }, key)).rejects.toMatchObject(reused);
      await expect(new Owner(setup()).order("createIsolatedNetwork", { name: "isolated" }, key)).rejects.toMatchObject(reused);
      expect(await owner.artefacts()).toHaveLength(1);
      const { vmId } = await owner.done("registerVm", owner.registration(setup().vms[0], await owner.snapshot()));
      const powerOff = owner.newKey();
      await owner.done("powerOff", { vmId }, powerOff);
      await expect(owner.order("powerOn", { vmId }, powerOff)).rejects.toMatchObject(reused);
      await owner.cleanUp();
    });

    it("are free again after a refusal", async () => {
      const owner = new Owner(setup());
      const key = owner.newKey();
      await expect(owner.order("powerOn", { vmId: "nothing" }, key)).rejects.toMatchObject({ code: "NOT_FOUND" });
      expect(await owner.observe(key)).toEqual(new Map());
      await owner.done("createIsolatedNetwork", { name: "isolated" }, key);
      await owner.cleanUp();
    });

    it("are observed, and left out where the site has never heard of them", async () => {
      const owner = new Owner(setup());
      const keys = [owner.newKey(), owner.newKey()] as const;
      const result = await owner.done("createIsolatedNetwork", { name: "isolated" }, keys[0]);
      expect(await owner.observe(...keys)).toEqual(new Map([[keys[0], { state: "SUCCEEDED", result }]]));
      expect(await owner.observe()).toEqual(new Map());
      await owner.cleanUp();
    });
  });
}
