import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { idOf } from "../ids.ts";
import { ReportStateRef, ReportTypeRef } from "./types-enums.ts";
import { ReportRef } from "./types-refs.ts";

const ReportOrderField = builder.enumType("ReportOrderField", {
  description: "What reports are sorted by.",
  values: { REQUESTED_AT: { description: "When they were asked for." } } as const,
});

const ReportOrder = builder.inputType("ReportOrder", {
  description: "How reports are sorted.",
  fields: (t) => ({
    field: t.field({ type: ReportOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const ReportFilter = builder.inputType("ReportFilter", {
  description: "Which reports; everything that is given must hold.",
  fields: (t) => ({
    type: t.field({ type: ReportTypeRef, description: "Only those about this." }),
    state: t.field({ type: ReportStateRef, description: "Only those that are so far." }),
  }),
});

const ReportConnection = builder.connectionObject(
  { type: ReportRef, name: "ReportConnection", description: "A page of reports." },
  { name: "ReportEdge", description: "A report in a page." },
);

builder.queryFields((t) => ({
  report: t.field({
    type: ReportRef,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "The report with this id; null when there is none. (Reference: Get Report Status.)",
    args: { id: t.arg.id({ required: true, description: "Global id of a report." }) },
    resolve: (_root, { id }, { loaders }) => loaders.report.load(idOf("Report", id)),
  }),
  reports: t.field({
    type: ReportConnection,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "Reports of everybody, newest first unless told otherwise; they stay listed for 90 days.",
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: ReportFilter, description: "Which reports; all by default." }),
      orderBy: t.arg({ type: ReportOrder, description: "How they are sorted." }),
    },
    resolve: (_root, args, { loaders }) => loaders.reportList.nodes(null, args, loaders.report),
  }),
}));
