/** Asking the schema as the gateway does, without a gateway. */
import { type ExecutionResult, execute, parse, subscribe, validate } from "graphql";
import { type Context, createContext } from "../../../src/domain/context.ts";
import { openLoaders } from "../../../src/domain/loaders.ts";
import { schema } from "../../../src/domain/schema.ts";
import { roles } from "../../../src/domain/viewer.ts";
import { createFeeds, type Feeds } from "../../../src/events/feed.ts";
import type { WakeUpListener, WakeUps } from "../../../src/events/wake-ups.ts";
import { aCaller } from "../../support/caller.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { servicesOf } from "../../support/services.ts";

export const generation = 7;

export interface Asker extends TestDatabase {
  readonly feeds: Feeds;
  readonly loaders: ReturnType<typeof openLoaders>;
  context(options?: { readonly signedIn?: boolean; readonly signal?: AbortSignal }): Context;
  /** The data; throws when there are errors. */
  ask(query: string, variables?: Record<string, unknown>): Promise<unknown>;
  /** Data and errors. */
  answer(query: string, variables?: Record<string, unknown>, context?: Context): Promise<ExecutionResult>;
  watch(
    query: string,
    variables?: Record<string, unknown>,
    context?: Context,
  ): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult>;
  /** As a writer's hint would. */
  wake(): void;
}

/** On a database of its own, or on one that is there. */
export async function anAsker(given?: TestDatabase): Promise<Asker> {
  const test = given ?? (await freshDatabase());
  const { database } = test;
  const loaders = openLoaders(database, { slotsPerSite: 20 });
  const services = servicesOf(database);
  const wakeUps = quietWakeUps();
  const feeds = createFeeds({ pool: database.pool, wakeUps, generation: () => generation, log: { warn() {} } });
  const asker: Asker = {
    ...test,
    feeds,
    loaders,
    wake: () => wakeUps.wake(),
    context: ({ signedIn = true, signal = new AbortController().signal } = {}) =>
      createContext({ loaders, feeds, generation, services }, aCaller(signedIn ? admin : null), signal),
    answer: async (query, variables = {}, context = asker.context()) => {
      const document = parse(query);
      const [problem] = validate(schema, document);
      if (problem) throw problem;
      return execute({ schema, document, variableValues: variables, contextValue: context });
    },
    ask: async (query, variables) => {
      const { data, errors } = await asker.answer(query, variables);
      if (errors?.[0]) throw errors[0].originalError ?? errors[0];
      return JSON.parse(JSON.stringify(data));
    },
    watch: async (query, variables = {}, context = asker.context()) => {
      const answer = await subscribe({ schema, document: parse(query), variableValues: variables, contextValue: context });
      return answer;
    },
    drop: async () => {
      feeds.close();
      await test.drop();
    },
  };
  return asker;
}

const admin = {
  userId: "0190aaaa-0000-7000-8000-000000000000",
  name: "admin",
  roles: new Set(roles),
  sessionId: "s",
  expiresAt: new Date(),
};

function quietWakeUps(): WakeUps & { wake(): void } {
  const listeners = new Set<WakeUpListener>();
  return {
    on: (_channel, listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hint() {},
    wake: () => {
      for (const listener of listeners) listener(null);
    },
    close: async () => {},
  };
}

/** What is at "vms.edges.0.cursor" of an answer. */
export function at(value: unknown, path: string): unknown {
  let found = value;
  for (const part of path.split(".")) {
    if (typeof found !== "object" || found === null) throw new Error(`there is no ${part} of ${path}`);
    found = Object.entries(found).find(([key]) => key === part)?.[1];
  }
  return found;
}

export const list = (value: unknown, path: string): readonly unknown[] => {
  const found = at(value, path);
  if (!Array.isArray(found)) throw new Error(`${path} is no list`);
  return found;
};

export const text = (value: unknown, path: string): string => String(at(value, path));
