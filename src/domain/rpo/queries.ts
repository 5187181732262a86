import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { InvalidRequestError } from "../errors.ts";
import { idIfGiven } from "../ids.ts";
import { RpoViolationRef } from "./types-refs.ts";
import { RpoViolationSeverity } from "./types-violation.ts";

const RpoViolationOrderField = builder.enumType("RpoViolationOrderField", {
  description: "What RPO violations are sorted by.",
  values: {
    START_TIME: { description: "When they began." },
    WORST_LAG: { description: "The longest lag in their time." },
    VM_NAME: { description: "Name of the VM, without regard to case." },
  } as const,
});

const RpoViolationOrder = builder.inputType("RpoViolationOrder", {
  description: "How RPO violations are sorted.",
  fields: (t) => ({
    field: t.field({ type: RpoViolationOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const RpoViolationFilter = builder.inputType("RpoViolationFilter", {
  description: "Which RPO violations; everything that is given must hold.",
  fields: (t) => ({
    planId: t.id({
      description:
        "Only those of protection groups that this recovery plan had in their time: a violation that is over stays with the plan.",
    }),
    protectionGroupId: t.id({ description: "Only those of VMs that were in this protection group." }),
    vmId: t.id({ description: "Only those of this VM." }),
    siteId: t.id({ description: "Only those of protection groups whose protected site this was when they began." }),
    open: t.boolean({ description: "Only those that go on (true), or only those that are over (false)." }),
    severity: t.field({ type: RpoViolationSeverity, description: "Only those that are so bad, or were." }),
    from: t.field({ type: "DateTime", description: "Only those that were not over by then." }),
    to: t.field({ type: "DateTime", description: "Only those that had begun before that." }),
  }),
});

const RpoViolationConnection = builder.connectionObject(
  { type: RpoViolationRef, name: "RpoViolationConnection", description: "A page of RPO violations." },
  { name: "RpoViolationEdge", description: "An RPO violation in a page." },
);

/** As the list takes it: with the ids of the database. */
function filterOf(filter: typeof RpoViolationFilter.$inferInput) {
  const { from, to } = filter;
  if (from && to && from >= to) {
    const message = "`to` has to be later than `from`.";
    throw new InvalidRequestError(message, [{ path: ["filter", "to"], message }]);
  }
  return {
    ...filter,
    planId: idIfGiven("RecoveryPlan", filter.planId, ["filter", "planId"]),
    protectionGroupId: idIfGiven("ProtectionGroup", filter.protectionGroupId, ["filter", "protectionGroupId"]),
    vmId: idIfGiven("VirtualMachine", filter.vmId, ["filter", "vmId"]),
    siteId: idIfGiven("Site", filter.siteId, ["filter", "siteId"]),
  };
}

builder.queryField("rpoViolations", (t) =>
  t.field({
    type: RpoViolationConnection,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description:
      "RPO violations, open and past, the newest first unless told otherwise; `totalCount` is the reference's total_violations. (Reference: Get RPO Violations.)",
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: RpoViolationFilter, description: "Which violations; all by default." }),
      orderBy: t.arg({ type: RpoViolationOrder, description: "How they are sorted." }),
    },
    resolve: (_root, { filter, ...args }, { loaders }) =>
      loaders.violationList.nodes(null, { ...args, filter: filter && filterOf(filter) }, loaders.violation),
  }),
);
