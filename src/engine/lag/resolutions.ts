/** How finely the history of lag is kept, and for how long: each step is rolled up into coarser ones from the beginning, and outlived by them. */
export interface Resolution {
  readonly stepSeconds: number;
  readonly keptSeconds: number;
}

const minute = 60;
const hour = 3_600;
const day = 86_400;

/** Finest first. Together at most `mostSamples` for each group, plan and site: docs/rpo.md says so. */
export const resolutions: readonly Resolution[] = [
  { stepSeconds: minute, keptSeconds: 6 * hour },
  { stepSeconds: 5 * minute, keptSeconds: 7 * day },
  { stepSeconds: hour, keptSeconds: 60 * day },
  { stepSeconds: 6 * hour, keptSeconds: 400 * day },
];

/** What is too old goes once an hour, and until then stays beside what is new; the first and the last step are begun. */
export const mostSamples = resolutions.reduce(
  (sum, { stepSeconds, keptSeconds }) => sum + Math.ceil((keptSeconds + hour) / stepSeconds) + 2,
  0,
);

/** RPO violations that are over are kept for as long. */
export const violationsKeptSeconds = 400 * day;
