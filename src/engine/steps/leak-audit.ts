import { ProviderError } from "../../providers/contract.ts";
import { failed, type StepKind, succeeded } from "./kind.ts";

/** Names whatever still carries the test's id. */
export const leakAudit: StepKind<"LEAK_AUDIT"> = async ({ sites, testRunId }, context) => {
  const leftovers: { siteId: string; kind: string; externalId: string; name: string }[] = [];
  for (const site of sites) {
    try {
      const found = await context.ask(site, (provider, signal) => provider.artefacts(site.externalId, testRunId, signal));
      for (const { kind, id, name } of found) leftovers.push({ siteId: site.siteId, kind, externalId: id, name });
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      return failed(`${site.siteName} could not be audited: ${error.message}`);
    }
  }
  if (leftovers.length === 0) return succeeded("Nothing of the test is left", { leftovers });
  const names = leftovers.map(({ kind, name }) => `${kind.toLowerCase()} ${name}`).join(", ");
  return failed(`Left of the test: ${names}`, { leftovers });
};
