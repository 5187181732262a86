/**
 * What a subscription delivers: its source's events. For each the session is checked again, and it is executed in a context of its own, so
 * that loaders are new; once for all subscribers who would get the same. Written by hand: an async generator that awaits can't be returned,
 * and would keep its source open.
 */
import { createSourceEventStream, type ExecutionResult, execute, GraphQLError, type SubscriptionArgs } from "graphql";
import { type Pullable, pull, pulled, type Taker, Takers } from "../events/pull.ts";
import type { Live } from "./live.ts";
import type { Asker, Delivery, SharedAnswers } from "./shared-answers.ts";

/** Who gets an event. */
export interface Recipient {
  /** Those with the same get the same, as far as it depends on who they are. */
  readonly rights: string;
  /** A context for this event, with `told` as SharedAnswers has it. */
  context(told: (() => void) | null): unknown;
}

export interface EventContext {
  /** Makes what asks, for each event, who gets it. It fails when there can be no more of them, and ends the connection then, where that is due. */
  recipients(signal: AbortSignal, taker: Omit<Taker<Recipient>, "end">): () => void;
  readonly answers: SharedAnswers;
  /** The same for subscriptions that ask for the same; null: for none. */
  readonly alike: string | null;
  readonly live: Live;
  /** Takes a place for the stream, and answers how to give it back. Throws when there is none. */
  enter(): () => void;
}

export interface Deliveries extends AsyncIterableIterator<Delivery, undefined>, Pullable<Delivery> {
  return(): Promise<IteratorResult<Delivery, undefined>>;
}

/** Like graphql's `subscribe`, but for the contexts. Opens nothing before the first `next()` if the source doesn't. */
export async function deliver(args: SubscriptionArgs, events: EventContext): Promise<Deliveries | ExecutionResult> {
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

function deliveriesOf(source: AsyncIterator<unknown>, args: SubscriptionArgs, events: EventContext, leave: () => void): Deliveries {
  const { answers, alike, live } = events;
  const over = new AbortController();
  let isOver = false;
  const finished = { done: true, value: undefined } as const;
  const takers = new Takers<Delivery>();
  let asking = false;
  let event: unknown;
  let recipient: Recipient | null = null;
  let key: string | null = null;
  let forget = (): void => {}; // the connection may be gone already, and end this while it is being told

  /** One event after the other, each from its source to its taker. */
  const ask = () => {
    if (asking || isOver || takers.isEmpty) return;
    asking = true;
    pull(source, ofSource);
  };

  async function end(): Promise<void> {
    if (isOver) return;
    isOver = true;
    over.abort();
    forget();
    leave();
    takers.end();
    await source.return?.();
  }

  async function fail(error: unknown): Promise<void> {
    if (isOver) return;
    const taker = takers.next();
    await end().catch(() => {}); // the first error is the one to tell
    taker?.fail(error);
  }

  const ofSource: Taker<unknown> = {
    take(value) {
      if (isOver) return;
      event = value;
      askWho();
    },
    end: () => void end().catch(() => {}),
    fail: (error) => void fail(error),
  };
  const askWho = events.recipients(over.signal, {
    take(found) {
      if (isOver) return;
      if (recipient?.rights !== found.rights) key = alike === null ? null : `${alike} ${found.rights}`;
      recipient = found;
      answers.answer(event, key, asker);
    },
    fail: (error) => void fail(error),
  });
  const asker: Asker = {
    execute: async (told) => execute({ ...args, rootValue: event, contextValue: recipient?.context(told) }),
    take(delivery) {
      if (isOver) return;
      if (isLost(delivery)) return void fail(delivery.errors?.[0] ?? new GraphQLError("The delivery failed."));
      asking = false;
      event = undefined; // what hangs on it is kept by who has yet to get it
      takers.next()?.take(delivery);
      ask();
    },
    fail: (error) => void fail(error),
  };

  const deliveries: Deliveries = {
    [Symbol.asyncIterator]: () => deliveries,
    pull(taker) {
      if (isOver) return taker.end();
      takers.add(taker);
      ask();
    },
    next: () => pulled(deliveries),
    async return() {
      await end();
      return finished;
    },
    async throw(error: unknown) {
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
