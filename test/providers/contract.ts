/** The test of the provider contract: every provider passes it, simulated or real. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callRules } from "./contract/calls.ts";
import { effectRules } from "./contract/effects.ts";
import { epochRules } from "./contract/epochs.ts";
import { inventoryRules } from "./contract/inventory.ts";
import { keyRules } from "./contract/keys.ts";
import { originalRules } from "./contract/originals.ts";
import { protectionRules } from "./contract/protection.ts";
import { recoveryRules } from "./contract/recovery.ts";
import { reversalRules } from "./contract/reversal.ts";
import type { ContractSetup } from "./contract/setup.ts";

export type { ContractSetup, ContractVm } from "./contract/setup.ts";

export function providerContract(name: string, makeSetup: () => Promise<ContractSetup>): void {
  describe(`${name}, as every provider`, () => {
    let made: ContractSetup;
    beforeAll(async () => {
      made = await makeSetup();
    });
    afterAll(() => made.close());
    const setup = () => made;
    it("tells its name and version", () => {
      expect(made.provider).toMatchObject({ name, version: expect.stringMatching(/./) });
    });
    effectRules(setup);
    keyRules(setup);
    epochRules(setup);
    callRules(setup);
    inventoryRules(setup);
    protectionRules(setup);
    originalRules(setup);
    recoveryRules(setup);
    reversalRules(setup);
  });
}
