/** What the recoveries service works with, and what its parts share. */
import type { Database } from "../../database/database.ts";
import type { Providers } from "../../providers/contract.ts";
import { type FieldError, InvalidRequestError } from "../errors.ts";

export interface RecoveriesContext {
  readonly database: Pick<Database, "pool">;
  readonly providers: Providers;
  /** After a commit: something of this run is new. Wakes its owner and its readers; a hint only. */
  readonly hint: (recoveryId: string) => void;
  readonly log: { info(details: object, message: string): void };
}

/** Ids of a new run and its task. */
export interface StartedRun extends Readonly<Record<string, string>> {
  readonly recoveryId: string;
  readonly taskId: string;
}

const maxLengths = { notes: 4_096, comment: 4_096, reason: 1_024, idempotencyKey: 255 } as const;

/** Texts that a mutation takes beside its ids. A key that is there has to say something. */
export function checkTexts(texts: { readonly [K in keyof typeof maxLengths]?: string | null | undefined }): void {
  const errors: FieldError[] = [];
  for (const field of ["notes", "comment", "reason", "idempotencyKey"] as const) {
    const text = texts[field];
    if (text === undefined || text === null) continue;
    const path = [field];
    if (text.length > maxLengths[field])
      errors.push({ path, message: `It may have ${maxLengths[field]} characters, and has ${text.length}.` });
    if (text.includes("\0")) errors.push({ path, message: "It holds a NUL character, which can't be stored." });
    if (field === "idempotencyKey" && text === "") errors.push({ path, message: "An empty key would stand for every request." });
  }
  if (errors.length > 0) throw new InvalidRequestError("The request can't be taken as it is.", errors);
}
