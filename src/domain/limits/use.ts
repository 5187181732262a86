/** How much of a limit is used, where that means something and is asked for. */
import type { Context } from "../context.ts";
import type { LimitName } from "./catalogue.ts";

/** Database ids of what the use is asked of. */
export interface Subjects {
  readonly planId: string | null;
  readonly groupId: string | null;
  readonly siteId: string | null;
}

type Asked = Pick<Context, "loaders" | "rateLimit" | "openStreams">;
type UseOf = (subjects: Subjects, context: Asked) => Promise<number | null>;

const uses: Partial<Record<LimitName, UseOf>> = {
  async CONCURRENT_RECOVERIES_PER_PLAN({ planId }, { loaders }) {
    if (planId === null || (await loaders.plan.load(planId)) === null) return null;
    return (await loaders.activeRunOfPlan.load(planId)) === null ? 0 : 1;
  },
  /** Of a site's pairs the one that has most. */
  async CONCURRENT_TESTS_PER_SITE_PAIR({ planId, siteId }, { loaders }) {
    const plan = planId === null ? null : await loaders.plan.load(planId);
    const ofSite = siteId === null ? [] : (await loaders.pairingsOfSite.load(siteId)).map(({ id }) => id);
    const pairs = plan ? [plan.pairingId] : ofSite;
    const tests = await Promise.all(pairs.map(async (id) => (await loaders.openTestsOfPairing.load(id))?.tests ?? 0));
    return tests.length === 0 ? null : Math.max(...tests);
  },
  async REQUESTS_PER_MINUTE(_subjects, { rateLimit }) {
    return rateLimit.limitPerMinute - rateLimit.remaining;
  },
  async STREAMS_PER_SESSION(_subjects, { openStreams }) {
    return openStreams;
  },
  async VMS_PER_PROTECTION_GROUP({ groupId }, { loaders }) {
    if (groupId === null || (await loaders.group.load(groupId)) === null) return null;
    return (await loaders.countsOfGroup.load(groupId))?.vms ?? 0;
  },
  async PROTECTION_GROUPS_PER_PLAN({ planId }, { loaders }) {
    if (planId === null || (await loaders.plan.load(planId)) === null) return null;
    return (await loaders.standingOfPlan.load(planId)).length;
  },
  async PLANS_PER_SITE({ siteId }, { loaders }) {
    return siteId === null ? null : ((await loaders.siteSummary.load(siteId))?.plans ?? null);
  },
};

export const useOf = async (name: LimitName, subjects: Subjects, context: Asked): Promise<number | null> =>
  (await uses[name]?.(subjects, context)) ?? null;
