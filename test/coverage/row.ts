/** One row of docs/coverage.md: what shows that it holds. */
import type { Api } from "./api.ts";

export type Case = readonly [title: string, show: (api: Api) => Promise<void>];

export interface ServedRow {
  /** The good case, each in a sentence that begins with "it". */
  readonly good: readonly Case[];
  /** Bad input, with its exact typed error. A row of documentation has none. */
  readonly bad: readonly Case[];
}

/** By the row's first column, as the table has it. */
export type Rows = Readonly<Record<string, ServedRow>>;

/** An id of this form that nothing has. */
export const nothing = (type: string): string => Buffer.from(`${type}:00000000-0000-7000-8000-000000000000`).toString("base64url");
export const notAnId = "not an id";
