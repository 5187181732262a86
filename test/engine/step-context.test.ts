import { expect, it } from "vitest";
import type { SiteCalls } from "../../src/engine/effects.ts";
import { createPoller } from "../../src/engine/poller.ts";
import { Context, type Shared } from "../../src/engine/step-context.ts";
import { ProviderError, type VmStatus } from "../../src/providers/contract.ts";

const never = new AbortController().signal;
const site = { siteId: "s", siteName: "A site", provider: "LAB", externalId: "s" };
const booting = { vmId: "vm" } as VmStatus;

/** What the site says in each round: nothing, or that the machine is not up yet; "up" from then on. Answers how often it was asked. */
async function wait(rounds: string): Promise<number> {
  let asked = 0;
  const poller = createPoller<VmStatus>(
    async (keys) => {
      if (rounds[asked++] === "-") throw new ProviderError("TRANSIENT", "BUSY", "not now");
      return new Map(keys.map((key) => [key, booting]));
    },
    1,
    never,
  );
  const calls = { runId: "run", retry: { tries: 3, baseMs: 1, maxMs: 1, random: () => 0 } } as SiteCalls;
  const options = { run: { id: "run", steps: [{ node: { ordinal: 1 } }] } };
  const shared = { options, calls, statuses: { at: () => poller, hurry: () => {} } } as unknown as Shared;
  const context = new Context(shared, 1, false, never, never);
  await context.vmStatusUntil(site, "vm", () => asked > rounds.length);
  return asked;
}

it("a wait gives up after so many rounds in a row that the site does not answer, however many there were before an answer", async () => {
  expect(await wait("--.--.-.--.")).toBe(12);
  await expect(wait("--.---")).rejects.toThrow("A site: not now (3 tries)");
});
