/** Asking a site something before a mutation writes: never inside its transaction. */
import type { ConnectionState } from "../database/generated/enums.ts";
import type { SnapshotSite } from "../engine/run-snapshot.ts";
import { type Capabilities, ProviderError, type Providers } from "../providers/contract.ts";
import { ServiceUnavailableError } from "./errors.ts";

/** A site as its row names it. */
export interface SiteRow {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly externalId: string;
  readonly state: ConnectionState;
}

/** How long a mutation waits for a site's answer. */
const siteAnswerMs = 5_000;

/** Asks a site something; ServiceUnavailableError when it can't be reached or does not answer in time. */
export async function askSite<T>(
  providers: Providers,
  site: Pick<SiteRow, "name" | "provider">,
  question: (provider: NonNullable<ReturnType<Providers["get"]>>, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const provider = providers.get(site.provider);
  if (provider === undefined)
    throw new ServiceUnavailableError(`The site ${site.name} needs the provider ${site.provider}, which is not running.`, 30);
  const signal = AbortSignal.timeout(siteAnswerMs);
  try {
    return await question(provider, signal);
  } catch (error) {
    if (!(error instanceof ProviderError) && !signal.aborted) throw error;
    const why = error instanceof ProviderError ? error.message : `no answer in ${siteAnswerMs / 1000} s`;
    throw new ServiceUnavailableError(`The site ${site.name} does not answer: ${why}.`, 10);
  }
}

/** What its provider can do there. */
export const capabilitiesOf = (providers: Providers, site: SiteRow): Promise<Capabilities> =>
  askSite(providers, site, (provider, signal) => provider.capabilities(site.externalId, signal));

/** The site as a run's snapshot has it. */
export const withCapabilities = ({ id, name, provider, externalId }: SiteRow, capabilities: Capabilities): SnapshotSite => ({
  id,
  name,
  provider,
  externalId,
  capabilities,
});

/** For a site that does not answer and that a run can do without. */
export const nothingKnown: Capabilities = {
  ipCustomisation: "NONE",
  guestCommands: false,
  folders: false,
  resourcePools: false,
  minimumRpoMinutes: 10_080,
  maximumPointInTimeInstances: 1,
};
