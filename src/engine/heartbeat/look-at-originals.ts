/** Looks at the original of each recovered VM while its site answers, says where both run, and powers off the one that must not. */
import { isDeepStrictEqual } from "node:util";
import { ProviderError, type VmStatus } from "../../providers/contract.ts";
import { isAbort } from "../effects.ts";
import type { SiteRef } from "../model.ts";
import { bounded } from "./bounded.ts";
import { type RecoveredRow, readRecovered, writeOriginals } from "./original-rows.ts";
import { type Next, nextOriginal, type Power, toPowerOff } from "./originals.ts";
import type { HeartbeatParts } from "./settings.ts";

/** One question asks after so many VMs at most. */
const most = 1000;
/** So many power-offs are under way at a site at once. */
const atOnce = 20;

export async function lookAtOriginals(parts: HeartbeatParts, siteId: string, stop: AbortSignal): Promise<void> {
  const { rows, now } = await readRecovered(parts.pool, siteId);
  const [first] = rows;
  if (first === undefined) return;
  const originals = await powers(parts, first.originalSite, idsOf(rows, "originalId"), stop);
  if (originals === null) return;
  const copies = new Map<string, Power>();
  // A copy counts only where the original may be running.
  const doubtful = rows.filter(({ originalId }) => originals.get(originalId) !== "OFF");
  for (const [, ofSite] of Map.groupBy(doubtful, ({ recoverySite }) => recoverySite.siteId)) {
    const [one] = ofSite;
    const seen = one ? await powers(parts, one.recoverySite, idsOf(ofSite, "copyId"), stop) : null;
    for (const { vmId, copyId } of ofSite) if (seen) copies.set(vmId, seen.get(copyId) ?? "OFF");
  }
  if (stop.aborted) return;
  const found = rows.map((row) => {
    const seen = { original: originals.get(row.originalId) ?? "OFF", copy: copies.get(row.vmId) ?? null };
    return { row, seen, next: nextOriginal(row.state, seen, now) };
  });
  const ours = await write(parts, found);
  const due = found.flatMap(({ row, seen, next }) => {
    const which = ours.has(row.vmId) && next !== "ORIGINAL_KEPT" ? toPowerOff(next, seen, row.powersOffOriginals) : null;
    const since = next === "ORIGINAL_KEPT" ? null : ((next.kept === null ? null : row.keptAt) ?? next.bothOnSince);
    return which === null || since === null ? [] : [{ row, which, since }];
  });
  for (let from = 0; from < due.length; from += atOnce) {
    await Promise.all(due.slice(from, from + atOnce).map((wish) => carryOut(parts, wish, now, stop)));
  }
}

const idsOf = (rows: readonly RecoveredRow[], id: "originalId" | "copyId"): string[] => rows.map((row) => row[id]);

/** Null: the site did not answer. */
async function powers(
  { providers, settings }: HeartbeatParts,
  site: SiteRef,
  ids: readonly string[],
  stop: AbortSignal,
): Promise<ReadonlyMap<string, Power> | null> {
  const provider = providers.get(site.provider);
  if (provider === undefined) return null;
  const found = new Map<string, Power>();
  try {
    for (let from = 0; from < ids.length; from += most) {
      const part = ids.slice(from, from + most);
      const told = await bounded(settings, stop, (signal) => provider.vmStatus(site.externalId, part, signal));
      for (const id of part) found.set(id, powerOf(told.get(id)));
    }
    return found;
  } catch (error) {
    if (error instanceof ProviderError || isAbort(error)) return null;
    throw error;
  }
}

function powerOf(status: VmStatus | undefined): Power {
  if (status === undefined || status.powerState === "POWERED_OFF") return "OFF";
  return status.powerState === "POWERED_ON" ? "ON" : "UNKNOWN";
}

/** Ids of those whose rows are as they were found here: another node, or somebody who decides, may have been faster. */
async function write(
  parts: HeartbeatParts,
  found: readonly { readonly row: RecoveredRow; readonly next: Next }[],
): Promise<ReadonlySet<string>> {
  const changed = found.filter(({ row, next }) => !isDeepStrictEqual(row.state, next));
  const same = found.filter(({ row, next }) => isDeepStrictEqual(row.state, next)).map(({ row }) => row.vmId);
  if (changed.length === 0) return new Set(same);
  const written = await writeOriginals(parts.pool, changed);
  parts.announce();
  for (const { row, next } of changed) if (written.has(row.vmId)) say(parts, row, next);
  return new Set([...same, ...written]);
}

function say({ log }: HeartbeatParts, { vmId, name, state }: RecoveredRow, next: Next): void {
  if (next === "ORIGINAL_KEPT") log.info({ vmId, vm: name }, "its original is kept: it is no longer recovered");
  else if (state.bothOnSince === null && next.bothOnSince !== null) log.warn({ vmId, vm: name }, "runs on both sites");
  else if (state.bothOnSince !== null && next.bothOnSince === null) log.info({ vmId, vm: name }, "no longer runs on both sites");
}

/** A try that failed is made again after so long, under a key of its own. */
const againMs = 60_000;

interface Wish {
  readonly row: RecoveredRow;
  readonly which: "ORIGINAL" | "COPY";
  /** When both were found on, or it was decided. */
  readonly since: number;
}

/**
 * Any node orders it, under a key that all of them know: the same operation. The epoch is the time of the try, in a run of the VM's own, so that
 * a node that wakes up with what was so before a decision is refused, at both sites.
 */
async function carryOut(parts: HeartbeatParts, { row, which, since }: Wish, now: number, stop: AbortSignal): Promise<void> {
  const { vmId, name, originalSite, recoverySite, originalId, copyId } = row;
  const triedAt = since + Math.floor((now - since) / againMs) * againMs;
  const call = { runId: vmId, epoch: BigInt(triedAt) };
  const key = `split-brain:${vmId}:${which}:${since}:${triedAt}`;
  const ask = <T>(site: SiteRef, question: Parameters<typeof asked<T>>[3]) => asked(parts, site, stop, question);
  try {
    await ask(which === "ORIGINAL" ? recoverySite : originalSite, (provider, site, signal) =>
      provider.observe(site, [], { ...call, signal }),
    );
    const operation = await (which === "ORIGINAL"
      ? ask(originalSite, (provider, site, signal) => provider.order(site, "fenceVms", { vmIds: [originalId] }, { key, ...call, signal }))
      : ask(recoverySite, (provider, site, signal) => provider.order(site, "powerOff", { vmId: copyId }, { key, ...call, signal })));
    if (operation.state === "FAILED") parts.log.warn({ vmId, vm: name, which, why: operation.message }, "could not be powered off");
  } catch (error) {
    if (!(error instanceof ProviderError) && !isAbort(error)) throw error;
    if (!stop.aborted) parts.log.warn({ vmId, vm: name, which, err: error }, "could not be powered off");
  }
}

async function asked<T>(
  { providers, settings }: HeartbeatParts,
  { provider: name, externalId }: SiteRef,
  stop: AbortSignal,
  question: (provider: NonNullable<ReturnType<HeartbeatParts["providers"]["get"]>>, siteId: string, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const provider = providers.get(name);
  if (provider === undefined) throw new ProviderError("TRANSIENT", "SITE_UNREACHABLE", `The provider ${name} is not running.`);
  return bounded(settings, stop, (signal) => question(provider, externalId, signal));
}
