/** How configuration is changed: one short transaction, once per idempotency key, with the events that say what to read again. */
import { isDeepStrictEqual } from "node:util";
import type pg from "pg";
import { brokenConstraint, inTransaction } from "../database/transaction.ts";
import { appendChanges, type Change } from "../events/changes.ts";
import { ConflictError } from "./errors.ts";
import { checkKey, fieldError, fieldErrors } from "./field-errors.ts";
import { type Answer, answerOrPrepare, type Before, claim } from "./idempotency.ts";
import type { ServiceContext } from "./service-context.ts";
import type { Viewer } from "./viewer.ts";

export interface Mutation<A extends Answer> {
  /** Its name in the schema. */
  readonly mutation: string;
  /** What was asked, with the key; the key itself is not part of what makes two requests the same. */
  readonly input: Readonly<Record<string, unknown>> & { readonly idempotencyKey?: string | null | undefined };
  /** Ids that are known before it begins. */
  readonly answer: A;
  /** Locks, checks, writes; answers what has changed. Throws a DomainError, and nothing was written. */
  readonly act: (client: pg.PoolClient) => Promise<readonly Change[]>;
}

function checkedKey(key: string | null | undefined): string | null {
  const errors = fieldErrors();
  checkKey(errors, key);
  errors.check();
  return key ?? null;
}

/** `prepare` asks a site, which may be away by now, or looks at rows, which the first request with this key may have changed. */
export async function unlessAnswered<A extends Answer, P>(
  { database }: { readonly database: Pick<ServiceContext["database"], "pool"> },
  viewer: Viewer,
  { mutation, input }: Pick<Mutation<A>, "mutation" | "input">,
  prepare: () => Promise<P>,
): Promise<Before<A, P>> {
  const { idempotencyKey, ...asked } = input;
  return answerOrPrepare<A, P>(database.pool, { viewer, mutation, key: checkedKey(idempotencyKey), input: asked }, prepare);
}

/** What the first request with this key was answered. */
export async function mutate<A extends Answer>(
  {
    database,
    announce,
    log,
  }: Pick<ServiceContext, "announce"> & {
    readonly database: Pick<ServiceContext["database"], "pool">;
    readonly log: Pick<ServiceContext["log"], "info">;
  },
  viewer: Pick<Viewer, "userId" | "name">,
  { mutation, input, answer, act }: Mutation<A>,
): Promise<A> {
  const { idempotencyKey, ...asked } = input;
  const key = checkedKey(idempotencyKey);
  const earlier = await inTransaction(database.pool, async (client) => {
    const first = await claim(client, { viewer, mutation, key, input: asked }, answer);
    if (first === null) await appendChanges(client, await act(client));
    return first;
  }).catch((error: unknown) => {
    throw explained(error);
  });
  if (earlier !== null) return earlier;
  log.info({ ...answer, by: viewer.name }, mutation);
  announce();
  return answer;
}

/** Constraints are the last line: what two requests at once bring about in spite of the checks reads like what the checks find. */
function explained(error: unknown): unknown {
  const constraint = brokenConstraint(error);
  if (constraint === null) return error;
  if (constraint.endsWith("_name_unique")) return fieldError(["name"], "Something of this kind has this name already.");
  return new ConflictError("Something that this depends on was changed at the same moment.", "Read it again, and repeat the request.");
}

/**
 * The rule of every update: where what is wished is what there is, nothing is written, so that no version rises and no event is sent.
 * `there` and `wished`: all that the mutation can change, in one shape. Its refusals stand before it, and hold all the same.
 */
export async function ifChanged<T>(there: T, wished: T, write: () => Promise<readonly Change[]>): Promise<readonly Change[]> {
  return isDeepStrictEqual(there, wished) ? [] : write();
}

/** `what` in the midst of a sentence: "the plan Web". `expected` null: whoever asks does not mind. */
export function checkVersion(what: string, version: number, expected: number | null | undefined): void {
  if (expected === null || expected === undefined || expected === version) return;
  const message = `Somebody else has changed ${what}: the version is ${version}, not ${expected}.`;
  throw new ConflictError(message, "Read it again, and repeat the change on what it is now.", { version });
}
