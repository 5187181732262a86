/** Environment → one typed, validated object. The only reader of process.env; README's table lists the same variables. */
import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { z } from "zod";
import { isSafeUrl, type OidcSettings, parseRoleMap } from "./domain/access/oidc-settings.ts";
import { passwordProblem, userNameProblem } from "./domain/access/rules.ts";
import { parseNetworks } from "./domain/notifications/addresses.ts";
import { senderProblem, smtpUrlProblem } from "./domain/notifications/email-address.ts";
import { type NotificationSettings, notificationSettings } from "./domain/notifications/settings.ts";
import type { HeartbeatSettings } from "./engine/heartbeat/settings.ts";

const port = z.coerce.number().int().min(0).max(65_535);
/** The password is not repeated: the message may end in a log. */
const databaseUrl = z.string().regex(/^postgres(ql)?:\/\//, "it has to look like postgresql://user:password@host:5432/database");
const seconds = z.coerce.number().positive();
const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean),
);

/** The value is not repeated: it may be a secret. */
const following = (problemOf: (text: string) => string | null) =>
  z.string().superRefine((text, context) => {
    const problem = problemOf(text);
    if (problem !== null) context.addIssue({ code: "custom", message: problem.replace(/\.$/, "") });
  });

const safeUrl = z.string().refine(isSafeUrl, "it has to begin with https:// (http:// on this machine only)");
const webUrl = z.string().regex(/^https?:\/\/[^\s?#]+$/, "it has to look like https://dr.example.com");
const networks = list.refine((texts) => parseNetworks(texts) !== null, "it has to look like 10.1.0.0/16,fd00::/8");
const roleMap = z.string().transform((text, context) => {
  const map = parseRoleMap(text);
  if (map) return map;
  context.addIssue({ code: "custom", message: "it has to look like dr-admins=ADMIN,dr-ops=OPERATOR, with the roles of README.md" });
  return z.NEVER;
});

const variables = z.object({
  /** Address the gateway listens on. */
  HOST: z.string().default("127.0.0.1"),
  /** Port for GraphQL, subscriptions, GraphiQL and health; 0 takes a free one. */
  PORT: port.default(4000),
  /** Folder for the embedded database, the lab, scripts' results and the one-time sign-in file. */
  DATA_DIR: z.string().min(1).default(".dr-gateway"),
  /** An outside PostgreSQL (15 or newer) instead of the embedded one. */
  DATABASE_URL: databaseUrl.optional(),
  /** A direct connection for leases and LISTEN where DATABASE_URL goes through a pooler. */
  DATABASE_DIRECT_URL: databaseUrl.optional(),
  /** Database of the lab's simulated sites; default: schema "lab" beside the product's. */
  LAB_DATABASE_URL: databaseUrl.optional(),
  /** How many times faster than real time the lab's sites work. */
  LAB_SPEED: seconds.default(20),
  /** Whether simulated guests open their services on loopback addresses, for the demo's scripts. */
  LAB_GUEST_SERVICES: z.enum(["on", "off"], "it has to be on or off").default("on"),
  /** Folder of the programs that COMMAND steps may run. */
  SCRIPTS_DIR: z.string().min(1).default("scripts"),
  /** Folder of secrets: one file each, named by its id. */
  SECRETS_DIR: z.string().min(1).optional(),
  /** Import file for an empty database; "none" starts empty. */
  SEED_FILE: z.string().min(1).default("demo/demo.yaml"),
  /** First administrator of an empty database; without a password a one-time file holds a made one. */
  ADMIN_USER: following(userNameProblem).trim().min(1).max(255).default("admin"),
  ADMIN_PASSWORD: following(passwordProblem).optional(),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "silent"]).default("info"),
  /** Origins that browsers may call from; default: any (no cookies are used). */
  ALLOWED_ORIGINS: list.default([]),
  MAX_OPERATIONS_PER_SITE: z.coerce.number().int().min(1).max(100_000).default(20),
  /** The least time between two replication cycles of a protection group, which come every half of its RPO. */
  REPLICATION_MINIMUM_SECONDS: z.coerce.number().int().min(1).max(86_400).default(30),
  MAX_VMS_PER_GROUP: z.coerce.number().int().min(1).max(10_000).default(500),
  MAX_GROUPS_PER_PLAN: z.coerce.number().int().min(1).max(1_000).default(50),
  MAX_PLANS_PER_SITE: z.coerce.number().int().min(1).max(100_000).default(250),
  /** How long a node owns a run without renewing, in seconds. */
  LEASE_SECONDS: seconds.min(2).max(60).default(6),
  /** How often every site of a pair is asked for a heartbeat. */
  HEARTBEAT_SECONDS: seconds.min(1).max(60).default(5),
  /** Without a heartbeat for so long, a site is suspect, and then DISCONNECTED. */
  SUSPECT_AFTER_SECONDS: seconds.max(3600).default(15),
  DISCONNECTED_AFTER_SECONDS: seconds.max(86_400).default(30),
  /** So many heartbeats in a row bring a site back. */
  HEARTBEATS_TO_RETURN: z.coerce.number().int().min(1).max(100).default(3),
  SESSION_HOURS: seconds.max(24).default(8),
  /** How long a cursor of events and promptEvents holds, and with it events outside of runs. */
  EVENT_RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(30),
  /** How long a successful test counts for a plan's readiness. */
  READINESS_TEST_DAYS: z.coerce.number().int().min(1).max(3_650).default(90),
  SUBSCRIPTION_PING_SECONDS: seconds.max(60).default(12),
  /** Of each session, and of each address without one. The limit of 10,000 bounds what is remembered of each. */
  REQUESTS_PER_MINUTE: z.coerce.number().int().min(1).max(10_000).default(100),
  /** How large an operation may become, in fields of its answer; twice that is some megabytes of JSON and half a second of work. */
  MAX_QUERY_COST: z.coerce.number().int().min(1_000).max(1_000_000_000).default(250_000),
  /** Subscriptions that a session may have open on one node; each reads the log, and holds at most a batch. */
  MAX_STREAMS_PER_SESSION: z.coerce.number().int().min(1).max(10_000).default(100),
  /** An identity provider whose bearer tokens are taken beside sessions; it and the audience, or neither. */
  OIDC_ISSUER: safeUrl.optional(),
  OIDC_AUDIENCE: z.string().min(1).optional(),
  OIDC_ROLE_CLAIM: z.string().min(1).default("roles"),
  OIDC_ROLE_MAP: roleMap.optional(),
  OIDC_JWKS_URL: safeUrl.optional(),
  /** Where people reach this gateway, for links in notifications; without it there are none. */
  PUBLIC_URL: webUrl.optional(),
  /** A mail server, with user and password: smtps://user:password@host or smtp://…; it and SMTP_FROM, or neither. */
  SMTP_URL: following(smtpUrlProblem).optional(),
  SMTP_FROM: following(senderProblem).optional(),
  WEBHOOK_ALLOW_HTTP: z.enum(["on", "off"], "it has to be on or off").default("off"),
  /** Networks that webhooks may lead to although they are not public. */
  WEBHOOK_ALLOWED_NETWORKS: networks.default([]),
});

const environment = variables.superRefine(({ OIDC_ISSUER, OIDC_AUDIENCE, ...e }, context) => {
  if (e.SUSPECT_AFTER_SECONDS < 2 * e.HEARTBEAT_SECONDS) {
    const message = "one heartbeat that is lost must not make a site suspect: it has to be at least twice HEARTBEAT_SECONDS";
    context.addIssue({ code: "custom", path: ["SUSPECT_AFTER_SECONDS"], message });
  }
  if (e.DISCONNECTED_AFTER_SECONDS < e.SUSPECT_AFTER_SECONDS) {
    const message = "it has to be at least SUSPECT_AFTER_SECONDS";
    context.addIssue({ code: "custom", path: ["DISCONNECTED_AFTER_SECONDS"], message });
  }
  if ((e.SMTP_URL === undefined) !== (e.SMTP_FROM === undefined)) {
    const missing = e.SMTP_URL === undefined ? "SMTP_URL" : "SMTP_FROM";
    context.addIssue({ code: "custom", path: [missing], message: "SMTP_URL and SMTP_FROM belong together, and it is missing" });
  }
  if ((OIDC_ISSUER === undefined) === (OIDC_AUDIENCE === undefined)) return;
  const missing = OIDC_ISSUER === undefined ? "OIDC_ISSUER" : "OIDC_AUDIENCE";
  context.addIssue({ code: "custom", path: [missing], message: "OIDC_ISSUER and OIDC_AUDIENCE belong together, and it is missing" });
});

/** A setting that can't be used. The message names the variable and the way out. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export interface Config {
  readonly host: string;
  readonly port: number;
  /** Absolute. */
  readonly dataDir: string;
  readonly databaseUrl: string | null;
  readonly databaseDirectUrl: string | null;
  readonly labDatabaseUrl: string | null;
  readonly labSpeed: number;
  readonly labGuestServices: boolean;
  readonly scriptsDir: string;
  readonly secretsDir: string;
  readonly seedFile: string | null;
  readonly adminUser: string;
  readonly adminPassword: string | null;
  readonly logLevel: string;
  readonly allowedOrigins: readonly string[];
  readonly maxOperationsPerSite: number;
  readonly replicationMinimumSeconds: number;
  /** The reference's limits of how much there may be. */
  readonly quotas: { readonly vmsPerGroup: number; readonly groupsPerPlan: number; readonly plansPerSite: number };
  readonly leaseSeconds: number;
  readonly heartbeat: HeartbeatSettings;
  readonly sessionHours: number;
  readonly eventRetentionDays: number;
  readonly readinessTestDays: number;
  readonly subscriptionPingSeconds: number;
  readonly requestsPerMinute: number;
  readonly maxQueryCost: number;
  readonly streamsPerSession: number;
  /** Null: there are local users alone. */
  readonly oidc: OidcSettings | null;
  readonly notifications: NotificationSettings;
  /** Short name of the data folder, for socket paths and locks. */
  readonly instance: string;
}

export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env, cwd = process.cwd()): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
  const parsed = environment.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ConfigError(`${issue?.path.join(".")} can't be used: ${issue?.message}. See the configuration table in README.md.`);
  }
  const e = parsed.data;
  const dataDir = resolve(cwd, e.DATA_DIR);
  return {
    host: e.HOST,
    port: e.PORT,
    dataDir,
    databaseUrl: e.DATABASE_URL ?? null,
    databaseDirectUrl: e.DATABASE_DIRECT_URL ?? null,
    labDatabaseUrl: e.LAB_DATABASE_URL ?? null,
    labSpeed: e.LAB_SPEED,
    labGuestServices: e.LAB_GUEST_SERVICES === "on",
    scriptsDir: resolve(cwd, e.SCRIPTS_DIR),
    secretsDir: resolve(cwd, e.SECRETS_DIR ?? `${dataDir}/secrets`),
    seedFile: e.SEED_FILE === "none" ? null : resolve(cwd, e.SEED_FILE),
    adminUser: e.ADMIN_USER,
    adminPassword: e.ADMIN_PASSWORD ?? null,
    logLevel: e.LOG_LEVEL,
    allowedOrigins: e.ALLOWED_ORIGINS,
    maxOperationsPerSite: e.MAX_OPERATIONS_PER_SITE,
    replicationMinimumSeconds: e.REPLICATION_MINIMUM_SECONDS,
    quotas: { vmsPerGroup: e.MAX_VMS_PER_GROUP, groupsPerPlan: e.MAX_GROUPS_PER_PLAN, plansPerSite: e.MAX_PLANS_PER_SITE },
    leaseSeconds: e.LEASE_SECONDS,
    heartbeat: {
      everySeconds: e.HEARTBEAT_SECONDS,
      suspectAfterSeconds: e.SUSPECT_AFTER_SECONDS,
      disconnectedAfterSeconds: e.DISCONNECTED_AFTER_SECONDS,
      heartbeatsToReturn: e.HEARTBEATS_TO_RETURN,
    },
    sessionHours: e.SESSION_HOURS,
    eventRetentionDays: e.EVENT_RETENTION_DAYS,
    readinessTestDays: e.READINESS_TEST_DAYS,
    subscriptionPingSeconds: e.SUBSCRIPTION_PING_SECONDS,
    requestsPerMinute: e.REQUESTS_PER_MINUTE,
    maxQueryCost: e.MAX_QUERY_COST,
    streamsPerSession: e.MAX_STREAMS_PER_SESSION,
    oidc: oidcOf(e),
    notifications: notificationSettings({
      publicUrl: e.PUBLIC_URL,
      allowHttp: e.WEBHOOK_ALLOW_HTTP === "on",
      allowedNetworks: e.WEBHOOK_ALLOWED_NETWORKS,
      smtpUrl: e.SMTP_URL,
      smtpFrom: e.SMTP_FROM,
    }),
    instance: createHash("sha256").update(dataDir).digest("hex").slice(0, 12),
  };
}

function oidcOf(e: z.infer<typeof variables>): OidcSettings | null {
  if (e.OIDC_ISSUER === undefined || e.OIDC_AUDIENCE === undefined) return null;
  return {
    issuer: e.OIDC_ISSUER,
    audience: e.OIDC_AUDIENCE,
    roleClaim: e.OIDC_ROLE_CLAIM,
    roleMap: e.OIDC_ROLE_MAP ?? null,
    jwksUrl: e.OIDC_JWKS_URL ?? null,
  };
}
