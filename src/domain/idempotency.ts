/** The same key and input gets the first answer, other input is a conflict. Kept 24 h, per user and mutation. */
import { createHash } from "node:crypto";
import type pg from "pg";
import { ConflictError } from "./errors.ts";
import type { Viewer } from "./viewer.ts";

/** Ids of what the mutation answers with, all known before it begins. */
export type Answer = Readonly<Record<string, string>>;

export interface KeyedRequest {
  readonly viewer: Pick<Viewer, "userId">;
  readonly mutation: string;
  /** Null: the client sent none, and every request is a new one. */
  readonly key: string | null;
  /** What was asked, without the key. */
  readonly input: Readonly<Record<string, unknown>>;
}

type Queryable = Pick<pg.ClientBase, "query">;

/** The same input in another order of its fields has the same hash. A null counts: it may mean something else than a field left out. */
export function inputHash(input: Readonly<Record<string, unknown>>): string {
  return createHash("sha256")
    .update(JSON.stringify(canonical(input)))
    .digest("hex");
}

/** Objects as sorted lists of their fields, all the way down. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .map(([name, field]) => [name, canonical(field)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}

/** The first answer to this request, if there was one. Before the transaction it is a look; `claim` decides. */
export async function firstAnswer<A extends Answer>(database: Queryable, request: KeyedRequest): Promise<A | null> {
  if (request.key === null) return null;
  const { rows } = await database.query<{ input_hash: string; answer: A }>({
    name: "idempotency-read",
    text: `SELECT input_hash, answer FROM idempotency_key
      WHERE user_id = $1 AND mutation = $2 AND key = $3 AND created_at > dr_now() - interval '24 hours'`,
    values: [request.viewer.userId, request.mutation, request.key],
  });
  const [found] = rows;
  if (found === undefined) return null;
  if (found.input_hash === inputHash(request.input)) return found.answer;
  throw new ConflictError(
    `The idempotency key was used for another ${request.mutation} before.`,
    "Send a new key with a new request; repeat a request with exactly the same input.",
  );
}

/** What was answered before, or what was prepared for the first answer. */
export type Before<A extends Answer, P> = { readonly answer: A } | { readonly prepared: P };

/**
 * For what is asked and looked at before the mutation's own transaction. What `prepare` refuses may be what the first request with this key
 * has brought about in the meantime: then its answer counts.
 */
export async function answerOrPrepare<A extends Answer, P>(
  database: Queryable,
  request: KeyedRequest,
  prepare: () => Promise<P>,
): Promise<Before<A, P>> {
  const before = await firstAnswer<A>(database, request);
  if (before !== null) return { answer: before };
  try {
    return { prepared: await prepare() };
  } catch (error) {
    // Where the database is away, what was refused first is what to tell.
    const meanwhile = await firstAnswer<A>(database, request).catch((second: unknown) => {
      throw second instanceof ConflictError ? second : error;
    });
    if (meanwhile === null) throw error;
    return { answer: meanwhile };
  }
}

/**
 * In the mutation's own transaction, before anything else: stores the answer that this request will have, or finds the first one.
 * A second request with the same key waits here for the first one's end. A roll-back forgets the claim.
 */
export async function claim<A extends Answer>(client: Queryable, request: KeyedRequest, answer: A): Promise<A | null> {
  if (request.key === null) return null;
  const { rowCount } = await client.query({
    name: "idempotency-claim",
    text: `INSERT INTO idempotency_key AS k (user_id, mutation, key, input_hash, answer, created_at) VALUES ($1, $2, $3, $4, $5, dr_now())
      ON CONFLICT (user_id, mutation, key) DO UPDATE SET input_hash = excluded.input_hash, answer = excluded.answer, created_at = dr_now()
      WHERE k.created_at <= dr_now() - interval '24 hours'`,
    values: [request.viewer.userId, request.mutation, request.key, inputHash(request.input), JSON.stringify(answer)],
  });
  return rowCount === 1 ? null : firstAnswer<A>(client, request);
}
