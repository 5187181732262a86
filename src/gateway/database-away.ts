import { ServiceUnavailableError } from "../domain/errors.ts";

/** System errors of a connection that could not be made or broke. */
const system = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** PostgreSQL: connection exceptions, too many connections, shutting down, starting. Prisma: not reachable, timed out, closed. */
const codes = /^(08...|53300|57P0[123]|P1001|P1002|P1008|P1017|P2024)$/;

/** pg has no code for these. */
const messages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool)/;

/** Whether asking who calls may well succeed later: the database is away, or an identity provider's keys. */
export const isTemporary = (error: unknown): boolean => error instanceof ServiceUnavailableError || isDatabaseAway(error);

/** Whether the database could not be reached, so that the same request may well succeed later. */
export function isDatabaseAway(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > 4) return false;
  if (error instanceof AggregateError && error.errors.some((one) => isDatabaseAway(one, depth + 1))) return true;
  if ("code" in error && typeof error.code === "string") {
    if (codes.test(error.code)) return true;
    if (system.has(error.code) && "syscall" in error && error.syscall !== "open") return true;
  }
  return messages.test(error.message) || isDatabaseAway(error.cause, depth + 1);
}
