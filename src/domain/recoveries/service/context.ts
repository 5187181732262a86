/** What the recoveries service works with, and what its parts share. */
import type pg from "pg";
import type { Change } from "../../../events/changes.ts";
import { checkKey, checkText, fieldErrors } from "../../field-errors.ts";
import type { ServiceContext } from "../../service-context.ts";

export type RecoveriesContext = Pick<ServiceContext, "providers" | "hint" | "announce"> & {
  readonly database: Pick<ServiceContext["database"], "pool">;
  readonly log: Pick<ServiceContext["log"], "info" | "warn">;
};

/** How somebody else's mutation starts a run: a drill. */
export interface Alongside {
  /** Whose idempotency key it is. */
  readonly mutation: string;
  /** What that was asked for: the same key and this get the first answer. */
  readonly input: Readonly<Record<string, unknown>>;
  /**
   * In the transaction that writes the run, while everything is held that the run needs; answers what changes with it. Where it throws,
   * there is no run.
   */
  readonly write: (client: pg.ClientBase, run: StartedRun) => Promise<readonly Change[]>;
}

/** Ids of a new run and its task. */
export interface StartedRun extends Readonly<Record<string, string>> {
  readonly recoveryId: string;
  readonly taskId: string;
}

export const textLimits = { notes: 4_096, comment: 4_096, reason: 1_024 } as const;

/** Texts that a mutation takes beside its ids. */
export function checkTexts(texts: { readonly [K in keyof typeof textLimits | "idempotencyKey"]?: string | null | undefined }): void {
  const errors = fieldErrors();
  for (const field of ["notes", "comment", "reason"] as const) checkText(errors, [field], texts[field], textLimits[field]);
  checkKey(errors, texts.idempotencyKey);
  errors.check("The request can't be taken as it is.");
}
