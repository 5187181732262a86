/** Asking and changing through the schema, with lab sites, a plan and no engine: what a run would do is written by hand. */

import { isDeepStrictEqual } from "node:util";
import { execute, parse, validate } from "graphql";
import { expect } from "vitest";
import { createContext } from "../../../src/domain/context.ts";
import { encodeId, type NodeType } from "../../../src/domain/ids.ts";
import { openLoaders } from "../../../src/domain/loaders.ts";
import type { Quotas } from "../../../src/domain/quotas.ts";
import { schema } from "../../../src/domain/schema.ts";
import type { Role, Viewer } from "../../../src/domain/viewer.ts";
import { createFeeds } from "../../../src/events/feed.ts";
import { aCaller } from "../../support/caller.ts";
import type { LabSites } from "../../support/lab.ts";
import type { PlanWish } from "../../support/plan.ts";
import { servicesOf } from "../../support/services.ts";
import { aStage, operator, type Stage } from "../recoveries/stage.ts";

/** A part of an answer, as JSON has it. */
export type Answer = ReturnType<typeof JSON.parse>;

export interface PlanStage extends Stage {
  ask(query: string, variables?: object, viewer?: Viewer): Promise<Answer>;
  /** What the mutation answers: the selected part of its payload, or its error with all its details. */
  send(mutation: string, payload: string, input: object, viewer?: Viewer): Promise<Answer>;
  /** It answers this error, and everything is as it was. */
  refused(mutation: string, input: object, error: object, viewer?: Viewer): Promise<void>;
  /** It answers this payload, and everything is as it was: no version has risen, no event was sent. */
  same(mutation: string, input: object, payload: string, shown: object): Promise<void>;
  /** The same as `refused`, with these field errors and no others: the path with dots, and a part of the message. */
  wrong(mutation: string, input: object, fields: readonly (readonly [path: string, message: string | RegExp])[]): Promise<void>;
  /** Which of these changes the log does not tell of, since `reset`. */
  untold(...changes: readonly object[]): Promise<object[]>;
}

export const as = (...given: Role[]): Viewer => ({ ...operator, roles: new Set(given) });

/** Global id of what the database knows by this one. */
export const gid = (type: NodeType, id: string | undefined): string => encodeId(type, id ?? "");

export const nobody = "01900000-0000-7000-8000-000000000000";

const failure = `... on Error { __typename code message remedy }
  ... on InvalidRequestError { fieldErrors { path message } } ... on NotFoundError { resource resourceId } ... on PreconditionFailedError { reason }
  ... on ForbiddenError { requiredRole requiredRoles } ... on ConflictError { planId planName lifecycle activeRecoveryId activeTaskId limit current version }`;

export async function aPlanStage(wish: PlanWish = {}, sites?: LabSites, quotas?: Quotas): Promise<PlanStage> {
  const stage = await aStage(wish, sites);
  const { database } = stage.db;
  const loaders = openLoaders(database, { slotsPerSite: 20 });
  const wakeUps = { on: () => () => {}, hint: () => {}, close: async () => {} };
  const feeds = createFeeds({ pool: database.pool, wakeUps, generation: () => 1, log: { warn() {} } });
  const providers = new Map([["lab", stage.lab.provider]]);
  const services = { ...servicesOf(database, { providers, ...(quotas ? { quotas } : {}) }), recoveries: stage.recoveries };

  async function ask(query: string, variables: object = {}, viewer: Viewer = operator): Promise<Answer> {
    const document = parse(query);
    const [problem] = validate(schema, document);
    if (problem) throw problem;
    const contextValue = createContext({ loaders, services, feeds, generation: 1 }, aCaller(viewer), new AbortController().signal);
    const { data, errors } = await execute({ schema, document, variableValues: { ...variables }, contextValue });
    if (errors?.[0]) throw errors[0].originalError ?? errors[0];
    return JSON.parse(JSON.stringify(data));
  }

  async function refused(mutation: string, input: object, error: object, viewer?: Viewer): Promise<void> {
    const before = await configuration(stage);
    expect(await self.send(mutation, "__typename", input, viewer)).toMatchObject(error);
    expect(await configuration(stage)).toBe(before);
  }

  const self: PlanStage = {
    ...stage,
    ask,
    refused,
    async same(mutation, input, payload, shown) {
      const before = await configuration(stage);
      expect(await self.send(mutation, payload, input)).toMatchObject(shown);
      expect(await configuration(stage)).toBe(before);
    },
    async wrong(mutation, input, fields) {
      const before = await configuration(stage);
      const { code, fieldErrors } = await self.send(mutation, "__typename", input);
      expect(code).toBe("INVALID_REQUEST");
      const found = fieldErrors.map(({ path, message }: { path: string[]; message: string }) => [path.join("."), message]);
      expect(found).toEqual(
        fields.map(([path, message]) => [
          path,
          typeof message === "string" ? expect.stringContaining(message) : expect.stringMatching(message),
        ]),
      );
      expect(await configuration(stage)).toBe(before);
    },
    async send(mutation, payload, input, viewer) {
      const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}`;
      const query = `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { ... on ${type}Payload { ${payload} } ${failure} } }`;
      return (await ask(query, { input }, viewer))[mutation];
    },
    async untold(...changes) {
      const text = "SELECT payload::jsonb - 'plans' AS change FROM event WHERE recovery_id IS NULL AND kind <> 'AUDIT_RECORDED'";
      const { rows } = await database.pool.query<{ change: object }>(text);
      // Each event has a name, by whomever it was said; a test says it where nothing is left to look it up in.
      const told = (change: object) => rows.some((row) => isDeepStrictEqual({ ...row.change, ...change }, row.change));
      return changes.filter((change) => !told(change));
    },
    close: async () => {
      feeds.close();
      await stage.close();
    },
  };
  return self;
}

const tables = [
  "recovery_plan",
  "plan_priority_group",
  "plan_protection_group",
  "plan_step",
  "protection_group",
  "protected_vm",
  "virtual_machine",
  "vm_recovery_settings",
  "vm_dependency",
  "ip_rule",
  "vm_command",
  "vm_network_mapping",
  "drill",
  "drill_occurrence",
  "recovery",
  "idempotency_key",
  // The audit trail's own events are no change of what was asked for.
  "(SELECT kind, payload FROM event WHERE kind <> 'AUDIT_RECORDED')",
];

/** Everything that a mutation of the configuration could change, as text. */
async function configuration({ db }: Stage): Promise<string> {
  const parts = tables.map(
    (table) => `SELECT $$${table}$$ AS t, coalesce(string_agg(x::text, E'\\n' ORDER BY x::text), '') AS content FROM ${table} x`,
  );
  const { rows } = await db.database.pool.query(parts.join(" UNION ALL "));
  return rows.map(({ t, content }) => `${t}:\n${content}`).join("\n");
}
