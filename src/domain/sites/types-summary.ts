/** Counts and issues of a site. (Reference: Get Site Summary.) */
import { builder } from "../builder.ts";
import { computed } from "../cost.ts";
import { type Fault, FaultRef, fault, splitBrain } from "../faults.ts";
import type { SiteIssueRow, SiteSummaryRow } from "./loaders-summary.ts";
import { SiteRef } from "./types.ts";

/** An issue's code is the statement's, its message is ours. */
const issueOf = ({ code, subject, since }: SiteIssueRow): Fault => {
  switch (code) {
    case "SITE_DISCONNECTED":
    case "SITE_PARTIALLY_CONNECTED":
      return fault(code, subject, since);
    case "SPLIT_BRAIN":
      return fault(code, splitBrain(subject, true), since);
    case "GROUP_FAULT":
      return fault(code, `The protection group ${subject} has a fault.`, since);
    case "RPO_VIOLATION":
      return fault(code, `Replication of ${subject} lags behind its RPO.`, since);
    case "LEFTOVER":
      return fault(code, `${subject} was left over by a test.`, since);
    case "MISSING_AT_SOURCE":
      return fault(code, `The protected VM ${subject} is no longer listed at its site.`, since);
    case "INVENTORY_MISSING":
      return fault(code, `${subject} is no longer listed at its site, and something refers to it.`, since);
  }
};

const SiteSummary = builder.objectRef<SiteSummaryRow>("SiteSummary").implement({
  description: "A site in numbers. (Reference: Get Site Summary.)",
  fields: (t) => ({
    protectionGroupsCount: t.exposeInt("groups", { description: "Protection groups from or to the site." }),
    recoveryPlansCount: t.exposeInt("plans", { description: "Recovery plans of the site's pairs." }),
    protectedVmsCount: t.exposeInt("protectedVms", { description: "VMs that are protected at the site." }),
    placeholderVmsCount: t.exposeInt("placeholders", { description: "Placeholder VMs that stand at the site for VMs of another." }),
    lastTestDate: t.expose("lastTestAt", {
      type: "DateTime",
      nullable: true,
      description: "When a plan of the site's pairs was last tested; null: never.",
    }),
    rpoViolationsCount: t.exposeInt("violations", { description: "Open RPO violations of VMs at the site." }),
    issuesCount: t.int({
      description: "How many issues there are: the length of `issues`.",
      resolve: async ({ siteId }, _args, { loaders }) => (await loaders.siteIssues.load(siteId)).length,
    }),
    issues: t.field({
      type: [FaultRef],
      description:
        "What needs somebody's attention: the connection, VMs that run on both sites, faults of groups, RPO violations, leftovers of tests, what is missing at the site.",
      resolve: async ({ siteId }, _args, { loaders }) => (await loaders.siteIssues.load(siteId)).map(issueOf),
    }),
  }),
});

builder.objectField(SiteRef, "summary", (t) =>
  t.field({
    type: SiteSummary,
    nullable: true,
    description: "The site in numbers. (Reference: Get Site Summary.)",
    cost: computed,
    resolve: ({ id }, _args, { loaders }) => loaders.siteSummary.load(id),
  }),
);
