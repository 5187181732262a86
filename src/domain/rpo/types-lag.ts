/** The history of the lag, as a chart draws it. */
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { computed, type FieldCost, pageEntries } from "../cost.ts";
import { InvalidRequestError } from "../errors.ts";
import { largestPage } from "../page-size.ts";
import type { LagPoint, LagSeries } from "./loaders-lag.ts";

const LagPointRef = builder.objectRef<LagPoint>("LagPoint").implement({
  description: "The lag in a step of time: how old the newest complete recovery point was.",
  fields: (t) => ({
    time: t.expose("time", { type: "DateTime", description: "When the step begins." }),
    minLagSeconds: t.exposeInt("minLagSeconds", { description: "The shortest lag that any VM had, in seconds, rounded down." }),
    averageLagSeconds: t.exposeInt("averageLagSeconds", {
      description: "The mean over the time and the VMs that were measured, in seconds.",
    }),
    maxLagSeconds: t.exposeInt("maxLagSeconds", { description: "The longest lag that any VM had, in seconds, rounded up." }),
    worstPercentOfRpo: t.exposeInt("worstPercentOfRpo", {
      description: "The largest share of its group's RPO that a lag was, rounded up: over 100 is a violation, over 300 a critical one.",
    }),
    withinRpoPercent: t.exposeFloat("withinRpoPercent", {
      description: "The share of the measured time, each VM's added up, in which the lag was within the RPO; 0 to 100.",
    }),
  }),
});

export const LagSeriesRef = builder.objectRef<LagSeries>("LagSeries").implement({
  description: "The lag over a range of time, in steps of one length.",
  fields: (t) => ({
    from: t.field({ type: "DateTime", description: "Where the range begins.", resolve: ({ from }) => new Date(from) }),
    to: t.field({ type: "DateTime", description: "Where it ends.", resolve: ({ to }) => new Date(to) }),
    stepSeconds: t.exposeInt("stepSeconds", {
      description: "Length of a step, in seconds: as short as the points allow, and as what is still kept of that time does.",
    }),
    points: t.field({
      type: [LagPointRef],
      cost: pageEntries,
      description:
        "The steps that the range touches, in order. Those in which nothing was measured are left out: nothing was replicated then, or a real recovery had all of it.",
      resolve: ({ points }) => points,
    }),
  }),
});

const usualPoints = 200;

export const lagCost: FieldCost = { ...computed, timesArgument: "points", times: usualPoints };

export const lagArgs = builder.args((t) => ({
  from: t.field({ type: "DateTime", description: "Where the range begins; 24 hours before its end by default." }),
  to: t.field({ type: "DateTime", description: "Where it ends; now by default." }),
  points: t.int({ description: `At most so many steps, from 2 to ${largestPage}; ${usualPoints} by default.` }),
}));

interface LagArgs {
  readonly from?: Date | null | undefined;
  readonly to?: Date | null | undefined;
  readonly points?: number | null | undefined;
}

/** `subjectId`: of a protection group, plan or site. */
export function loadSeries(
  subjectId: string,
  { from = null, to = null, points: given }: LagArgs,
  { loaders }: Context,
): Promise<LagSeries> {
  const points = given ?? usualPoints;
  if (points < 2 || points > largestPage) throw invalid("points", `\`points\` is from 2 to ${largestPage}; this is ${points}.`);
  if (from && to && from >= to) throw invalid("to", "`to` has to be later than `from`.");
  return loaders.lagSeries.load({ subjectId, from, to, points });
}

function invalid(name: string, message: string): InvalidRequestError {
  return new InvalidRequestError(message, [{ path: [name], message }]);
}
