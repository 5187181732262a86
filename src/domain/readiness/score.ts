/** From findings to a figure and a verdict. Pure; docs/readiness.md explains both to those who read them. */
import type { Readiness } from "../../database/generated/enums.ts";
import type { Found } from "./found.ts";

/** What a code takes off, however many objects it is about. */
const blockerPoints = 40;
const warningPoints = 8;

type Judged = Pick<Found, "code" | "severity">;

const codesOf = (found: readonly Judged[], severity: Found["severity"]): ReadonlySet<string> =>
  new Set(found.filter((one) => one.severity === severity).map(({ code }) => code));

/** 100 without findings, less 40 for each code with a blocker and 8 for each other code, and never below 0. */
export function scoreOf(found: readonly Judged[]): number {
  const blockers = codesOf(found, "BLOCKER");
  const warnings = [...codesOf(found, "WARNING")].filter((code) => !blockers.has(code));
  return Math.max(0, 100 - blockerPoints * blockers.size - warningPoints * warnings.length);
}

export function readinessOf(found: readonly Judged[]): Readiness {
  if (found.some(({ severity }) => severity === "BLOCKER")) return "NOT_READY";
  return found.length > 0 ? "AT_RISK" : "READY";
}
