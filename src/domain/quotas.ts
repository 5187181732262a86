/** How much there may be of something. (Reference: Rate Limits and Quotas.) */
import { ConflictError } from "./errors.ts";

export interface Quotas {
  readonly vmsPerGroup: number;
  readonly groupsPerPlan: number;
  /** Of the pairs that a site belongs to, together. */
  readonly plansPerSite: number;
}

/** The reference's. */
export const defaultQuotas: Quotas = { vmsPerGroup: 500, groupsPerPlan: 50, plansPerSite: 250 };

/** Each is asked for what happens: a list that people can read. */
export const mostWebhooks = 100;

/** Of a user from an address. */
export const failedSignInsPerMinute = 5;

/** `wanted` more shall be added to `current`; asked while the parent's row is locked. `what` is such as "VMs in the protection group Web". */
export function checkQuota(what: string, limit: number, current: number, wanted: number): void {
  if (wanted <= 0 || current + wanted <= limit) return;
  const message = `There may be ${limit} ${what}: there are ${current}, and ${wanted} more would be too many.`;
  throw new ConflictError(message, "Take others out first, or have the limit raised.", { limit, current });
}
