/**
 * What a subscription delivers: its source's events, each executed in a context of its own, so that loaders are new and the session is
 * checked again. Written by hand: an async generator that awaits can't be returned, and would keep its source open.
 */
import { createSourceEventStream, type ExecutionResult, execute, GraphQLError, type SubscriptionArgs } from "graphql";
import type { Live } from "./live.ts";

export interface EventContext {
  /** The context for one event. Throws when there can be no more of them; ends the connection then, where that is due. */
  fresh(signal: AbortSignal): Promise<unknown>;
  readonly live: Live;
  /** Takes a place for the stream, and answers how to give it back. Throws when there is none. */
  enter(): () => void;
}

/** Like graphql's `subscribe`, but for the contexts. Opens nothing before the first `next()` if the source doesn't. */
export async function deliver(
  args: SubscriptionArgs,
  events: EventContext,
): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult> {
  const leave = events.enter(); // before anything is waited for: many may come at once
  try {
    const source = await createSourceEventStream(args);
    if (Symbol.asyncIterator in source) return deliveriesOf(source[Symbol.asyncIterator](), args, events, leave);
    leave();
    return source;
  } catch (error) {
    leave();
    throw error;
  }
}

function deliveriesOf(source: AsyncIterator<unknown>, args: SubscriptionArgs, { fresh, live }: EventContext, leave: () => void) {
  const over = new AbortController();
  const finished = { done: true, value: undefined } as const;
  let forget = (): void => {}; // the connection may be gone already, and end this while it is being told

  async function end(): Promise<void> {
    if (over.signal.aborted) return;
    over.abort();
    forget();
    leave();
    await source.return?.();
  }

  const deliveries = {
    [Symbol.asyncIterator]: () => deliveries,
    async next(): Promise<IteratorResult<ExecutionResult>> {
      if (over.signal.aborted) return finished;
      try {
        const event = await source.next();
        if (event.done) {
          await end();
          return finished;
        }
        const contextValue = await fresh(over.signal);
        const value = await execute({ ...args, rootValue: event.value, contextValue });
        if (over.signal.aborted) return finished;
        if (isLost(value)) throw value.errors?.[0] ?? new GraphQLError("The delivery failed.");
        return { done: false, value };
      } catch (error) {
        if (over.signal.aborted) return finished;
        await end().catch(() => {}); // the first error is the one to tell
        throw error;
      }
    },
    async return(): Promise<IteratorResult<ExecutionResult>> {
      await end();
      return finished;
    },
    async throw(error: unknown): Promise<IteratorResult<ExecutionResult>> {
      await end();
      throw error;
    },
  };
  forget = live.track(deliveries);
  return deliveries;
}

/** Without its root fields a delivery has lost its events and their cursor: the next one would hide the gap. */
function isLost({ data, errors }: ExecutionResult): boolean {
  return errors !== undefined && Object.values(data ?? {}).every((field) => field === null);
}
