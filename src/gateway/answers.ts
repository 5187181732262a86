/** The last thing that happens to every answer, on every transport: its errors get their public shape, failures and slowness are logged, and who asks for it is told the cost. */
import type { GraphQLError } from "graphql";
import type { Logger } from "pino";
import type { Call, Cost } from "./call.ts";
import { publicError, withoutHttp } from "./errors.ts";

const slowMs = 1000;

interface Result {
  readonly data?: unknown;
  readonly errors?: readonly GraphQLError[] | undefined;
}

/** What stands in an answer in place of what it has, or besides. */
export interface Shown {
  readonly errors?: GraphQLError[];
  readonly extensions?: { readonly cost: Cost };
}

export interface Answers {
  /** For a query's or mutation's answer. */
  final(call: Call, result: Result): Shown;
  /** For one of a subscription's. */
  delivery(call: Call, result: Result): Shown;
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
  const shownOf = (call: Call, given: Result["errors"], isPartial: boolean): Shown => {
    const extensions = call.showsCost && call.cost ? { extensions: { cost: call.cost } } : {};
    if (!given?.length) return extensions;
    const shown = errors(call, given);
    return { errors: isPartial ? shown.map(withoutHttp) : shown, ...extensions }; // a partial success: 200, whatever went wrong (GraphQL over HTTP)
  };
  return {
    errors,
    delivery: (call, result) => shownOf(call, result.errors, Boolean(result.data)),
    final(call, result) {
      const ms = performance.now() - call.startedAt;
      const measures = { ms: Math.round(ms), cost: call.cost?.measured ?? null };
      if (ms > slowMs) log.warn({ ...about(call), ...measures }, "slow");
      else log.debug({ ...about(call), ...measures }, "answered");
      return shownOf(call, result.errors, hasAnswer(result.data));
    },
  };
}

/** Root fields are nullable so that one does not take the others along; where all are null, the request has failed as a whole. */
const hasAnswer = (data: unknown): boolean =>
  typeof data === "object" && data !== null && Object.values(data).some((field) => field !== null);
