/** The lag's history on what it is of. */
import { builder } from "../builder.ts";
import { RecoveryPlanRef } from "../plans/types-refs.ts";
import { ProtectionGroupRef } from "../protection/types-refs.ts";
import { SiteRef } from "../sites/types.ts";
import { LagSeriesRef, lagArgs, lagCost, loadSeries } from "./types-lag.ts";

const common = { type: LagSeriesRef, args: lagArgs, cost: lagCost } as const;

builder.objectField(ProtectionGroupRef, "lagSeries", (t) =>
  t.field({
    ...common,
    description: "How old its newest complete recovery point was over time: the lag of all its VMs, which share their points.",
    resolve: ({ id }, args, context) => loadSeries(id, args, context),
  }),
);

builder.objectField(RecoveryPlanRef, "lagSeries", (t) =>
  t.field({
    ...common,
    description: "The lag of the VMs of its protection groups over time: of the groups that it had then.",
    resolve: ({ id }, args, context) => loadSeries(id, args, context),
  }),
);

builder.objectField(SiteRef, "lagSeries", (t) =>
  t.field({
    ...common,
    description: "The lag of the VMs that are protected at the site over time: of the groups whose protected site it was then.",
    resolve: ({ id }, args, context) => loadSeries(id, args, context),
  }),
);
