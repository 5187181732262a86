/** Something is wrong with the database that a person has to put right. The message is one sentence with the way out. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
}

/** What an unknown thrown value says, without its stack. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** The code of a system or PostgreSQL error, such as ECONNREFUSED or 28P01. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;
}
