/** What a run asks before its transaction: its sites, what they can do, what past runs teach. Plans that ask side by side share statements and answers. */
import type pg from "pg";
import type { Capabilities, Providers } from "../../../providers/contract.ts";
import { capabilitiesOf, type SiteRow } from "../../ask-site.ts";
import { NotFoundError } from "../../errors.ts";
import { encodeId } from "../../ids.ts";
import { together } from "../../together.ts";
import { type PastOf, type PastSeconds, readPastSeconds } from "../snapshot/past.ts";
import { type PlanSites, sitesOfPlans } from "./sites.ts";

export interface Before {
  sites(planId: string): Promise<PlanSites>;
  /** Each site is asked once. */
  capabilities(site: SiteRow): Promise<Capabilities>;
  pastSeconds(of: PastOf): Promise<PastSeconds>;
}

export interface Asking {
  readonly database: { readonly pool: Pick<pg.Pool, "query"> };
  readonly providers: Providers;
}

export function beforeRuns({ database: { pool }, providers }: Asking): Before {
  const asked = new Map<string, Promise<Capabilities>>();
  return {
    sites: together<string, PlanSites>({
      identity: (planId) => planId,
      fetch: async (planIds) => {
        const found = await sitesOfPlans(pool, planIds);
        return planIds.map((planId) => found.get(planId) ?? new NotFoundError("RecoveryPlan", encodeId("RecoveryPlan", planId)));
      },
    }),
    capabilities(site) {
      const answer = asked.get(site.id) ?? capabilitiesOf(providers, site);
      asked.set(site.id, answer);
      return answer;
    },
    pastSeconds: together<PastOf, PastSeconds>({
      identity: ({ planId, kind, towards }) => `${planId} ${kind} ${towards}`,
      fetch: (of) => readPastSeconds(pool, of),
    }),
  };
}
