/** What makes notifications of one kind from events of the log. */
import type pg from "pg";
import type { NotificationKind } from "../../../database/generated/enums.ts";
import type { Content } from "../content.ts";

/** An event of the log that some kind hangs on. */
export interface Fact {
  /** Number in the whole log, as text. */
  readonly position: string;
  readonly kind: string;
  /** Null: it is no event of a run. */
  readonly recoveryId: string | null;
  readonly occurredAt: Date;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface Told {
  readonly kind: NotificationKind;
  /** What it is about: the same is told once, whatever events follow. */
  readonly key: string;
  readonly position: string;
  readonly occurredAt: Date;
  readonly content: Content;
}

export type Queryable = Pick<pg.ClientBase, "query">;

export interface Teller {
  /** For the schema. */
  readonly description: string;
  /** Kind of the log's events that it hangs on. */
  readonly event: string;
  /** One statement for all of them. What is over by now is not told. */
  readonly tell: (client: Queryable, facts: readonly Fact[]) => Promise<Told[]>;
}

/** Rows that a statement finds by the facts' ids, each with its fact: the first one, where several name the same. */
export function withFacts<Row extends { readonly id: string }>(
  rows: readonly Row[],
  facts: readonly Fact[],
  idOf: (fact: Fact) => unknown,
): { readonly row: Row; readonly fact: Fact }[] {
  const firstOf = new Map<unknown, Fact>();
  for (const fact of facts) if (!firstOf.has(idOf(fact))) firstOf.set(idOf(fact), fact);
  return rows.flatMap((row) => {
    const fact = firstOf.get(row.id);
    return fact === undefined ? [] : [{ row, fact }];
  });
}

/** Of a change beside the runs: its subject's id. */
export const changedId = ({ payload }: Fact): unknown => payload.id;

export const idsOf = (facts: readonly Fact[], idOf: (fact: Fact) => unknown): string[] =>
  [...new Set(facts.map(idOf))].filter((id) => typeof id === "string");

/** An end of a sentence that only some have. */
export const when = (condition: unknown, text: string): string => (condition ? text : "");
