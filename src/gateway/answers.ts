/** The last thing that happens to every answer, on every transport: its errors get their public shape, failures and slowness are logged. */
import type { GraphQLError } from "graphql";
import type { Logger } from "pino";
import type { Call } from "./call.ts";
import { publicError, withoutHttp } from "./errors.ts";

const slowMs = 1000;

interface Result {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLError[] | undefined;
}

/** Each answers the errors to show instead of the given ones; undefined: there are none. */
export interface Answers {
  /** For a query's or mutation's answer. */
  final(call: Call, result: Result): GraphQLError[] | undefined;
  /** For one of a subscription's. */
  delivery(call: Call, result: Result): GraphQLError[] | undefined;
  errors(call: Call, errors: readonly unknown[]): GraphQLError[];
}

export function createAnswers(log: Logger): Answers {
  const about = (call: Call) => ({
    requestId: call.requestId,
    transport: call.transport,
    operation: call.operation?.name?.slice(0, 100) ?? null,
    kind: call.operation?.kind ?? null,
    user: call.session?.user ?? null,
  });
  const errors = (call: Call, given: readonly unknown[]) => {
    const shown = given.map((error) => publicError(error, call.requestId, log));
    log.info(
      { ...about(call), codes: shown.map((error) => error.extensions.code), paths: shown.map(({ path }) => path?.join(".")) },
      "failed",
    );
    return shown;
  };
  const shownOf = (call: Call, given: Result["errors"], isPartial: boolean) => {
    if (!given?.length) return undefined;
    const shown = errors(call, given);
    return isPartial ? shown.map(withoutHttp) : shown; // a partial success: 200, whatever went wrong (GraphQL over HTTP)
  };
  return {
    errors,
    delivery: (call, result) => shownOf(call, result.errors, Boolean(result.data)),
    final(call, result) {
      const ms = performance.now() - call.startedAt;
      if (ms > slowMs) log.warn({ ...about(call), ms: Math.round(ms) }, "slow");
      else log.debug({ ...about(call), ms: Math.round(ms) }, "answered");
      return shownOf(call, result.errors, hasAnswer(result.data));
    },
  };
}

/** Root fields are nullable so that one does not take the others along; where all are null, the request has failed as a whole. */
const hasAnswer = (data: unknown): boolean =>
  typeof data === "object" && data !== null && Object.values(data).some((field) => field !== null);
