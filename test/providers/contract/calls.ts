/** Calls that fail, hang or are given up, and operations that outlive their caller. */
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Provider } from "../../../src/providers/contract.ts";
import { ProviderError } from "../../../src/providers/contract.ts";
import { type ContractSetup, never, Owner } from "./setup.ts";

const network = { name: "isolated" };

export function callRules(setup: () => ContractSetup): void {
  describe("calls", () => {
    it.each(["TRANSIENT", "PERMANENT"] as const)("that fail say that it is %s, and change nothing", async (failure) => {
      const owner = new Owner(setup());
      const key = owner.newKey();
      await setup().refuse("createIsolatedNetwork", failure);
      const refusal = await owner.order("createIsolatedNetwork", network, key).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(ProviderError);
      expect(refusal).toMatchObject({ failure });
      expect(await owner.artefacts()).toEqual([]);
      await owner.done("createIsolatedNetwork", network, key);
      await owner.cleanUp();
    });

    it("end with the signal's reason when the site does not answer", async () => {
      const owner = new Owner(setup());
      const caller = new AbortController();
      await setup().hang("createIsolatedNetwork");
      const call = owner.order("createIsolatedNetwork", network, owner.newKey(), caller.signal);
      const reason = new Error("the lease is lost");
      const ended = expect(call).rejects.toBe(reason);
      caller.abort(reason);
      await ended;
    });

    it("end at their deadline", async () => {
      const owner = new Owner(setup());
      await setup().hang("createIsolatedNetwork");
      const call = owner.order("createIsolatedNetwork", network, owner.newKey(), AbortSignal.timeout(30));
      await expect(call).rejects.toMatchObject({ name: "TimeoutError" });
    });

    const gone = AbortSignal.abort(new Error("given up"));
    const calls: readonly [string, (provider: Provider, site: string) => Promise<unknown>][] = [
      ["capabilities", (provider, site) => provider.capabilities(site, gone)],
      ["heartbeat", (provider, site) => provider.heartbeat(site, setup().protectedSite, gone)],
      ["inventory", (provider, site) => provider.inventory(site, gone)],
      [
        "order",
        (provider, site) => provider.order(site, "createIsolatedNetwork", network, { key: "k", runId: "r", epoch: 1n, signal: gone }),
      ],
      ["observe", (provider, site) => provider.observe(site, ["k"], { runId: "r", epoch: 1n, signal: gone })],
      ["cancel", (provider, site) => provider.cancel(site, "k", { runId: "r", epoch: 1n, signal: gone })],
      ["vmStatus", (provider, site) => provider.vmStatus(site, [], gone)],
      ["artefacts", (provider, site) => provider.artefacts(site, "r", gone)],
      ["recoveryPoints", (provider, site) => provider.recoveryPoints(site, setup().groupId, gone)],
    ];
    it.each(calls)("are not made with a signal that is aborted: %s", async (_name, call) => {
      await expect(call(setup().provider, setup().recoverySite)).rejects.toBe(gone.reason);
      expect(await setup().provider.artefacts(setup().recoverySite, "r", never())).toEqual([]);
    });

    it("that were given up are found by their key if they arrived", async () => {
      const owner = new Owner(setup());
      const key = owner.newKey();
      const caller = new AbortController();
      const held = await setup().hold("createIsolatedNetwork");
      const call = owner.order("createIsolatedNetwork", network, key, caller.signal);
      const ended = expect(call).rejects.toThrow("given up");
      await held.arrived;
      caller.abort(new Error("given up"));
      await ended;
      await held.release();
      // The owner asks again under the same key; whichever of the two arrives first, there is one network.
      await owner.done("createIsolatedNetwork", network, key);
      expect(await owner.artefacts()).toHaveLength(1);
      await owner.cleanUp();
    });
  });

  describe("operations", () => {
    it("go on at the site when the provider that ordered them is gone", async () => {
      const owner = new Owner(setup());
      const key = owner.newKey();
      const ordered = await owner.order("synchronise", { groupId: setup().groupId }, key);
      expect(ordered.state).toBe("RUNNING");
      const provider = await setup().reopen();
      expect(setup().provider).toBe(provider);
      let seen = (await owner.observe(key)).get(key);
      while (seen?.state === "RUNNING") {
        await delay(5);
        seen = (await owner.observe(key)).get(key);
      }
      expect(seen).toMatchObject({ state: "SUCCEEDED", result: { pointId: expect.any(String) } });
    });

    it("end CANCELLED or as they would have when they are cancelled", async () => {
      const { groupId } = setup();
      const owner = new Owner(setup());
      const key = owner.newKey();
      await owner.order("synchronise", { groupId }, key);
      await owner.cancel(key);
      const end = await owner.ended("synchronise", { groupId }, key);
      expect(end).toMatchObject(end.state === "SUCCEEDED" ? { result: {} } : { state: "FAILED", code: "CANCELLED" });
      await owner.cancel(key);
      expect(await owner.ended("synchronise", { groupId }, key)).toEqual(end);
    });
  });
}
