/** One copy of a group: ordered with the cycle's key, watched, and tried again a few times while its failure may pass. */

import { ProviderError } from "../../providers/contract.ts";
import { backOff, orderAndWatch, type SiteCalls, transientFailure } from "../effects.ts";
import { pause } from "../journal.ts";
import type { Cycle } from "./cycle.ts";
import type { CopiedPoint, CycleFailure } from "./outcome.ts";

/** Then the cycle has failed; the next one comes after a back-off. */
const mostTries = 3;

export type Copied = { readonly ok: true; readonly point: CopiedPoint } | ({ readonly ok: false } & Omit<CycleFailure, "retrySeconds">);

/** Attempts are counted from 1 by each owner: what the one before knew to have failed answers so again, and costs nothing. */
export async function synchronise(calls: SiteCalls, { cycleId, site, externalId, resumed }: Cycle, signal: AbortSignal): Promise<Copied> {
  const context = { signal, cancelled: new AbortController().signal, progress: () => {} };
  let attempt = 1;
  let doubtful = resumed;
  for (let failures = 1; ; failures++) {
    let message: string;
    try {
      const key = `${cycleId}:synchronise:${attempt}`;
      const end = await orderAndWatch(calls, context, site, "synchronise", { groupId: externalId }, key, doubtful);
      if (end.state === "SUCCEEDED") return { ok: true, point: end.result };
      if (end.failure === "PERMANENT") return { ok: false, message: end.message, known: true };
      message = end.message;
      doubtful = false;
      attempt++;
    } catch (error) {
      if (error instanceof ProviderError && error.failure === "PERMANENT" && error.code !== "STALE_EPOCH")
        return { ok: false, message: error.message, known: true };
      message = transientFailure(error, signal, cycleId);
      doubtful = true;
    }
    if (failures >= Math.min(mostTries, calls.retry.tries)) return { ok: false, message, known: !doubtful };
    await pause(backOff(calls.retry, failures), signal);
  }
}
