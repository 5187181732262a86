/** What every resolver gets: who asks, how to read in batches, and the services that do things. Made anew for each operation and event batch. */
import { RequestCache } from "@pothos/plugin-scope-auth";
import type { Feeds } from "../events/feed.ts";
import type { Caller } from "./access/caller.ts";
import type { Loaders } from "./loaders.ts";
import type { Services } from "./services.ts";

export interface Context extends Caller {
  readonly loaders: Loaders;
  /** Forgets what was read: from now on `loaders` are new ones. */
  readAnew(): void;
  readonly services: Services;
  readonly feeds: Feeds;
  /** Of the database: part of every cursor. */
  readonly generation: number;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface ContextDeps {
  /** From openLoaders: fresh loaders for one request. */
  readonly loaders: () => Loaders;
  readonly services: Services;
  readonly feeds: Feeds;
  readonly generation: number;
}

/** `caller` is the gateway's own object, with nothing of another request hanging on it. */
export function createContext({ loaders, ...deps }: ContextDeps, caller: Caller, signal: AbortSignal): Context {
  return {
    ...caller,
    ...deps,
    signal,
    loaders: loaders(),
    readAnew(this: { loaders: Loaders }) {
      this.loaders = loaders();
    },
  };
}

/**
 * After an operation. The authorization plugin keeps what it has found by context, and with it the context: V8 finds such a circle through a
 * WeakMap dead in full collections only, so that all that was read for each request would wait, and be copied twice, until the next one.
 */
export const forgetContext = (context: object): void => RequestCache.clearForContext(context);
