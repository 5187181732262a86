/** The stream of what changes beside the runs. Its source is the feed's own iterator: see recoveries/subscriptions.ts. */
import { encodeLogCursor } from "../../events/cursor.ts";
import { builder } from "../builder.ts";
import { NotFoundError } from "../errors.ts";
import { idOf } from "../ids.ts";
import { afterArg, logPlace } from "../log-places.ts";
import { changeFilter } from "./filter.ts";
import { ChangeEventRef, type ChangeIn, changeIn } from "./types-changes.ts";
import { ChangeEventKindRef } from "./types-kinds.ts";

interface ChangeBatch {
  readonly cursor: string;
  readonly serverTime: Date;
  readonly events: readonly ChangeIn[];
}

const ChangeEventBatch = builder.objectRef<ChangeBatch>("ChangeEventBatch").implement({
  description: "What has changed since the last delivery: the first comes at once and may be empty, then at most one each 100 ms.",
  fields: (t) => ({
    cursor: t.exposeString("cursor", {
      description: "Behind the last event, and behind what the filter leaves out: resume here after a break.",
    }),
    serverTime: t.expose("serverTime", { type: "DateTime", description: "The gateway's time at the delivery." }),
    events: t.field({
      type: [ChangeEventRef],
      description:
        "The events, in the order in which they were committed; none is left out or merged. Empty now and then, when only the cursor has moved.",
      resolve: ({ events }) => events,
    }),
  }),
});

const ChangeEventFilter = builder.inputType("ChangeEventFilter", {
  description: "Which events; everything that is given must hold.",
  fields: (t) => ({
    kinds: t.field({ type: [ChangeEventKindRef], description: "Only these kinds; at least one." }),
    subjectIds: t.idList({
      description: "Only events of these objects, 1 to 500: global ids of plans, protection groups, VMs, tasks, sites, pairings or drills.",
    }),
    planId: t.id({
      description:
        "Only what belonged to this plan when it changed: the plan itself, its protection groups, its drills, their VMs and RPO violations, and the tasks of all of them. What leaves the plan is told of by the event of the plan, or of the group that it left; an RPO violation stays with each plan that had its group while it was open.",
    }),
  }),
});

builder.subscriptionField("events", (t) =>
  t.field({
    type: ChangeEventBatch,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description:
      "What changes beside the steps of runs: plans, protection groups, VMs, tasks, sites, pairings, drills, RPO violations; from now or behind a cursor, and never ends by itself. A view that was queried together with `eventCursor` stays true when it reads again what the events name. An object's event also comes when something changes that it is computed from: a VM's group and its plans, the plans of a site. Totals such as Site.summary have no events of their own.",
    args: {
      filter: t.arg({ type: ChangeEventFilter, description: "Which events; all by default." }),
      after: t.arg.string(afterArg("From now by default.")),
    },
    subscribe: async (_root, { filter, after }, context) => {
      const { feeds, loaders, signal, onLagging } = context;
      const wanted = changeFilter(filter ?? {});
      if (filter?.planId && (await loaders.plan.load(idOf("RecoveryPlan", filter.planId))) === null) {
        throw new NotFoundError("RecoveryPlan", filter.planId);
      }
      return feeds.changes({ ...wanted, after: await logPlace(after, context), signal, onLagging });
    },
    resolve: ({ cursor, serverTime, events }, _args, { generation }): ChangeBatch => {
      const found = events.map((logged) => changeIn(logged, encodeLogCursor({ generation, position: logged.position })));
      return { cursor, serverTime, events: found.filter((event) => event !== null) };
    },
  }),
);
