import { builder } from "../builder.ts";
import { ErrorCode } from "../error-types.ts";
import { idIfGiven } from "../ids.ts";
import { catalogue, type LimitName, limitNames } from "./catalogue.ts";
import { type Subjects, useOf } from "./use.ts";

interface Limit {
  readonly name: LimitName;
  readonly subjects: Subjects;
}

const LimitNameType = builder.enumType("LimitName", {
  description: "What is limited. Expect limits that are added later.",
  values: Object.fromEntries(limitNames.map((name) => [name, { value: name, description: catalogue[name].description }])),
});

const LimitType = builder.objectRef<Limit>("Limit").implement({
  description: "How much there may be of something, or how large a request may be. (Reference: Rate Limits and Quotas.)",
  fields: (t) => ({
    name: t.expose("name", { type: LimitNameType, description: "What is limited." }),
    description: t.string({ description: "What is counted, in words.", resolve: ({ name }) => catalogue[name].description }),
    value: t.int({
      description: "The limit itself, in `unit`.",
      resolve: ({ name }, _args, { services: { quotas }, wireLimits: wire, rateLimit: { limitPerMinute: requestsPerMinute } }) =>
        catalogue[name].value({ quotas, wire, requestsPerMinute }),
    }),
    unit: t.string({ description: 'What is counted, such as "VMs" or "bytes".', resolve: ({ name }) => catalogue[name].unit }),
    configurable: t.boolean({
      description: "Whoever runs the gateway can set it.",
      resolve: ({ name }) => catalogue[name].setting !== null,
    }),
    setting: t.string({
      nullable: true,
      description: "The environment variable that sets it; null: it is the same everywhere.",
      resolve: ({ name }) => catalogue[name].setting,
    }),
    error: t.field({
      type: ErrorCode,
      nullable: true,
      description:
        "Code of the error that beyond it is the answer, with `limit` and what was found; null: a connection is closed or refused.",
      resolve: ({ name }) => catalogue[name].error,
    }),
    current: t.int({
      nullable: true,
      description:
        "How much is used now, in `unit`: of the session its requests and streams; the others of the plan, group or site that the query names. Null: it has no use, or names nothing that there is.",
      resolve: ({ name, subjects }, _args, context) => useOf(name, subjects, context),
    }),
  }),
});

builder.queryFields((t) => ({
  limits: t.field({
    type: [LimitType],
    nullable: true,
    authScopes: { role: "VIEWER" },
    cost: { times: limitNames.length },
    description:
      "Every limit that a client may meet, with its use by what is named here: runs and groups of a plan, tests between its sites, VMs of a group, plans of a site. (Reference: Rate Limits and Quotas.)",
    args: {
      only: t.arg({ type: [LimitNameType], description: "Only these, in this order, each once; all by default." }),
      planId: t.arg.id({ description: "Global id of a recovery plan, whose use is asked for." }),
      protectionGroupId: t.arg.id({ description: "Global id of a protection group, whose use is asked for." }),
      siteId: t.arg.id({ description: "Global id of a site, whose use is asked for." }),
    },
    resolve: (_root, { only, planId, protectionGroupId, siteId }) => {
      const subjects = {
        planId: idIfGiven("RecoveryPlan", planId, ["planId"]),
        groupId: idIfGiven("ProtectionGroup", protectionGroupId, ["protectionGroupId"]),
        siteId: idIfGiven("Site", siteId, ["siteId"]),
      };
      return [...new Set(only ?? limitNames)].map((name) => ({ name, subjects }));
    },
  }),
}));
