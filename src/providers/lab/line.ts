/**
 * The line to the simulated sites: every call is one statement, which answers with what the site says or with what an injected fault
 * does to the call. A caller that gives up does not call its request back: it may still arrive, as over a real network.
 */
import { setMaxListeners } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import pg, { type Pool } from "pg";
import { type FailureClass, ProviderError, type ProviderErrorCode } from "../contract.ts";

const heldPollMilliseconds = 20;

/** A prepared statement with one `$n` for each value, and one more for the gate. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export type Reply<A> =
  | { readonly kind: "ANSWER"; readonly answer: A; readonly heldBy: string | null }
  | { readonly kind: "REFUSED"; readonly failure: FailureClass; readonly code: ProviderErrorCode; readonly message: string }
  | { readonly kind: "HELD"; readonly faultId: string }
  | { readonly kind: "HANG" };

export class Line {
  readonly #pool: Pool;
  readonly #closing = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(pool: Pool) {
    this.#pool = pool;
    setMaxListeners(0, this.#closing.signal);
  }

  /** Aborted when the lab closes. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  ask<A>(statement: Statement, values: readonly unknown[], signal: AbortSignal): Promise<A> {
    return this.follow(() => this.converse<A>(statement, values), signal);
  }

  /** A conversation with the lab, which ends with the signal for who asks, but goes on by itself. */
  async follow<A>(begin: () => Promise<A>, signal: AbortSignal): Promise<A> {
    signal.throwIfAborted();
    const conversation = begin();
    this.#underWay.add(conversation);
    const over = () => this.#underWay.delete(conversation);
    conversation.then(over, over);
    return untilAborted(conversation, signal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#closed.resolve();
    await Promise.allSettled(this.#underWay);
  }

  async converse<A>(statement: Statement, values: readonly unknown[]): Promise<A> {
    let reply = await this.#call<A>(statement, values, true);
    if (reply.kind === "HELD") {
      await this.#released(reply.faultId);
      reply = await this.#call<A>(statement, values, false);
    }
    return this.hear(reply);
  }

  /** Replies to many calls in one statement, each of a type that only who made the call knows; null: they have to be made one by one. */
  async askMany({ name, text }: Statement, values: readonly unknown[]): Promise<readonly Reply<never>[] | null> {
    if (this.closing.aborted) return null;
    try {
      const { rows } = await this.#pool.query<{ replies: readonly Reply<never>[] | null }>({ name, text, values: [...values] });
      return rows[0]?.replies ?? null;
    } catch {
      return null;
    }
  }

  async hear<A>(reply: Reply<A>): Promise<A> {
    switch (reply.kind) {
      case "ANSWER":
        if (reply.heldBy !== null) await this.#released(reply.heldBy);
        return reply.answer;
      case "REFUSED":
        throw new ProviderError(reply.failure, reply.code, reply.message);
      default:
        await this.#closed.promise;
        throw closed();
    }
  }

  async #call<A>({ name, text }: Statement, values: readonly unknown[], gate: boolean): Promise<Reply<A>> {
    if (this.closing.aborted) throw closed();
    try {
      const { rows } = await this.#pool.query<{ reply: Reply<A> }>({ name, text, values: [...values, gate] });
      const reply = rows[0]?.reply;
      if (reply === undefined) throw new ProviderError("PERMANENT", "REFUSED", `The lab gave no reply to ${name}.`);
      return reply;
    } catch (error) {
      throw asProviderError(error);
    }
  }

  /** A held call stays until its fault is released or gone. */
  async #released(faultId: string): Promise<void> {
    while (!this.closing.aborted) {
      const { rows } = await this.#pool
        .query<{ released: boolean }>({ name: "lab-released", text: "SELECT released FROM lab.fault WHERE id = $1", values: [faultId] })
        .catch((error: unknown) => Promise.reject(asProviderError(error)));
      if (rows[0]?.released !== false) return;
      await delay(heldPollMilliseconds, undefined, { signal: this.closing }).catch(() => undefined);
    }
    throw closed();
  }
}

const closed = () => new ProviderError("TRANSIENT", "SITE_UNREACHABLE", "The line to the lab is closed.");

/** SQLSTATE classes of a server that is away, full or stopping, and of conflicts between transactions. */
const transientClasses = new Set(["08", "40", "53", "55", "57"]);

function asProviderError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof pg.DatabaseError && !transientClasses.has(error.code?.slice(0, 2) ?? "")) {
    return new ProviderError("PERMANENT", "REFUSED", `The lab can't do it: ${message}`);
  }
  return new ProviderError("TRANSIENT", "SITE_UNREACHABLE", `The lab does not answer: ${message}`);
}

/** Ends with the promise, or rejects with the signal's reason, whichever is first. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
