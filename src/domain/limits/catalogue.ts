/** Every limit that a client may meet: the reference's table first, then what the gateway holds operations to. (Reference: Rate Limits and Quotas.) */
import type { ErrorCode } from "../errors.ts";
import { largestPage } from "../page-size.ts";
import { failedSignInsPerMinute, mostWebhooks, type Quotas } from "../quotas.ts";
import type { WireLimits } from "../wire-limits.ts";

export interface LimitSources {
  readonly quotas: Quotas;
  readonly wire: WireLimits;
  readonly requestsPerMinute: number;
}

interface LimitEntry {
  readonly description: string;
  readonly unit: string;
  readonly value: (sources: LimitSources) => number;
  /** Environment variable that sets it; null: it is as it is. */
  readonly setting: string | null;
  /** Null: a connection is closed or refused without one. */
  readonly error: ErrorCode | null;
}

const always = (value: number) => () => value;
const ofShape = { setting: null, error: "INVALID_REQUEST" } as const;

export const catalogue = {
  CONCURRENT_RECOVERIES_PER_PLAN: {
    description: "Runs of a recovery plan at once: recoveries, tests and cleanups alike.",
    unit: "runs",
    value: always(1),
    setting: null,
    error: "CONFLICT",
  },
  CONCURRENT_TESTS_PER_SITE_PAIR: {
    description: "Tests at once between the same two sites.",
    unit: "tests",
    value: always(1),
    setting: null,
    error: "CONFLICT",
  },
  REQUESTS_PER_MINUTE: {
    description: "Requests of a session in any minute, on one node; control of runs has a budget of its own, of the same size.",
    unit: "requests",
    value: ({ requestsPerMinute }) => requestsPerMinute,
    setting: "REQUESTS_PER_MINUTE",
    error: "SERVICE_UNAVAILABLE",
  },
  VMS_PER_PROTECTION_GROUP: {
    description: "VMs of a protection group.",
    unit: "VMs",
    value: ({ quotas }) => quotas.vmsPerGroup,
    setting: "MAX_VMS_PER_GROUP",
    error: "CONFLICT",
  },
  PROTECTION_GROUPS_PER_PLAN: {
    description: "Protection groups of a recovery plan.",
    unit: "protection groups",
    value: ({ quotas }) => quotas.groupsPerPlan,
    setting: "MAX_GROUPS_PER_PLAN",
    error: "CONFLICT",
  },
  PLANS_PER_SITE: {
    description: "Recovery plans of all pairs that a site belongs to.",
    unit: "recovery plans",
    value: ({ quotas }) => quotas.plansPerSite,
    setting: "MAX_PLANS_PER_SITE",
    error: "CONFLICT",
  },
  WEBHOOKS: {
    description: "Webhooks that are told what happens.",
    unit: "webhooks",
    value: always(mostWebhooks),
    setting: null,
    error: "CONFLICT",
  },
  FAILED_SIGN_INS_PER_MINUTE: {
    description: "Wrong passwords for a user from an address in any minute, on one node.",
    unit: "attempts",
    value: always(failedSignInsPerMinute),
    setting: null,
    error: "SERVICE_UNAVAILABLE",
  },
  PAGE_SIZE: {
    description: "Entries of a page, by `first` or `last`, and ids that `nodes` takes.",
    unit: "entries",
    value: always(largestPage),
    ...ofShape,
  },
  OPERATION_COST: {
    description: "How large an operation's answer may become, measured before it runs: fields, times the sizes of the pages around them.",
    unit: "fields",
    value: ({ wire }) => wire.cost,
    setting: "MAX_QUERY_COST",
    error: "INVALID_REQUEST",
  },
  OPERATION_DEPTH: {
    description: "Levels of an operation, edges and nodes too.",
    unit: "levels",
    value: ({ wire }) => wire.depth,
    ...ofShape,
  },
  OPERATION_TOKENS: { description: "Words and signs of a document.", unit: "tokens", value: ({ wire }) => wire.tokens, ...ofShape },
  OPERATION_ALIASES: { description: "Aliases in a document.", unit: "aliases", value: ({ wire }) => wire.aliases, ...ofShape },
  OPERATION_DIRECTIVES: { description: "Directives in a document.", unit: "directives", value: ({ wire }) => wire.directives, ...ofShape },
  QUERY_ROOT_FIELDS: { description: "Fields at a query's root.", unit: "fields", value: ({ wire }) => wire.queryFields, ...ofShape },
  MUTATION_ROOT_FIELDS: {
    description: "Mutations in one operation.",
    unit: "mutations",
    value: ({ wire }) => wire.mutationFields,
    ...ofShape,
  },
  BODY_BYTES: {
    description: "A request's body over HTTP; a larger one is refused with status 413.",
    unit: "bytes",
    value: ({ wire }) => wire.bodyBytes,
    ...ofShape,
  },
  MESSAGE_BYTES: {
    description: "A message over WebSocket; a larger one closes the socket with 1009.",
    unit: "bytes",
    value: ({ wire }) => wire.messageBytes,
    setting: null,
    error: null,
  },
  STREAMS_PER_SESSION: {
    description: "Subscriptions that a session has open, over WebSocket and as server-sent events together, on one node.",
    unit: "streams",
    value: ({ wire }) => wire.streamsPerSession,
    setting: "MAX_STREAMS_PER_SESSION",
    error: "SERVICE_UNAVAILABLE",
  },
  OPERATIONS_PER_SOCKET: {
    description: "Operations under way over one WebSocket.",
    unit: "operations",
    value: ({ wire }) => wire.operationsPerSocket,
    ...ofShape,
  },
  SOCKETS_PER_ADDRESS: {
    description: "Open WebSockets from an address, on one node; the upgrade of another one is refused with status 429.",
    unit: "sockets",
    value: ({ wire }) => wire.socketsPerAddress,
    setting: null,
    error: null,
  },
} as const satisfies Record<string, LimitEntry>;

export type LimitName = keyof typeof catalogue;

const isLimitName = (name: string): name is LimitName => name in catalogue;
export const limitNames = Object.keys(catalogue).filter(isLimitName);
