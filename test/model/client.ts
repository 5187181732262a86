/** Whoever uses the gateway: asks the schema, and sends it mutations. */
import { type DocumentNode, execute, parse, validate } from "graphql";
import { createContext } from "../../src/domain/context.ts";
import { openLoaders } from "../../src/domain/loaders.ts";
import { schema } from "../../src/domain/schema.ts";
import type { ServiceContext } from "../../src/domain/service-context.ts";
import { createFeeds } from "../../src/events/feed.ts";
import { aCaller } from "../support/caller.ts";
import type { TestDatabase } from "../support/database.ts";
import { operator } from "../support/node.ts";
import { servicesOf } from "../support/services.ts";

/** A part of an answer, as JSON has it. */
export type Answer = ReturnType<typeof JSON.parse>;

/** What a mutation came to: what was selected of its payload, or the error's code, with its reason where it has one. */
export type Sent =
  | { readonly ok: true; readonly payload: Answer }
  | { readonly ok: false; readonly code: string; readonly reason: string | null; readonly message: string };

export interface Client {
  ask(query: string, variables?: object): Promise<Answer>;
  send(mutation: string, payload: string, input: object): Promise<Sent>;
  close(): void;
}

export function aClient({ database }: TestDatabase, given: Pick<ServiceContext, "providers" | "hint">): Client {
  const loaders = openLoaders(database, { slotsPerSite: 20 });
  const wakeUps = { on: () => () => {}, hint: () => {}, close: async () => {} };
  const feeds = createFeeds({ pool: database.pool, wakeUps, generation: () => 1, log: { warn() {} } });
  const services = servicesOf(database, given);
  const documents = new Map<string, DocumentNode>();

  function documentOf(query: string): DocumentNode {
    const known = documents.get(query);
    if (known) return known;
    const document = parse(query);
    const [problem] = validate(schema, document);
    if (problem) throw problem;
    documents.set(query, document);
    return document;
  }

  async function ask(query: string, variables: object = {}): Promise<Answer> {
    const contextValue = createContext({ loaders, services, feeds, generation: 1 }, aCaller(operator), new AbortController().signal);
    const { data, errors } = await execute({ schema, document: documentOf(query), variableValues: { ...variables }, contextValue });
    if (errors?.[0]) throw errors[0].originalError ?? errors[0];
    return JSON.parse(JSON.stringify(data));
  }

  return {
    ask,
    async send(mutation, payload, input) {
      const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}`;
      const failure = "... on Error { code message } ... on PreconditionFailedError { reason }";
      const query = `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { ... on ${type}Payload { ${payload} } ${failure} } }`;
      const answer = (await ask(query, { input }))[mutation];
      if (typeof answer.code !== "string") return { ok: true, payload: answer };
      return { ok: false, code: answer.code, reason: answer.reason ?? null, message: answer.message };
    },
    close: () => feeds.close(),
  };
}
