/** What a preview finds: what stands in the way of a run, and what somebody should know before the start. */
import type { RunWarning } from "../../../engine/run-snapshot.ts";
import { type WarningCode, warningCodes } from "../../../engine/warnings.ts";
import { type DomainError, type ErrorCode, PreconditionFailedError } from "../../errors.ts";
import type { PreconditionReason } from "../../reasons.ts";
import type { Fault } from "../service/faults.ts";

export type FindingCode = WarningCode | PreconditionReason | ErrorCode | "OTHER";

export interface Finding {
  readonly code: FindingCode;
  /** What it is about, by name; null: the plan as a whole, or what the message names. */
  readonly object: string | null;
  /** Of a place: what it is. */
  readonly place?: "network" | "folder" | "resource pool" | "datastore";
  readonly message: string;
  readonly remedy: string;
}

export const finding = (code: WarningCode, object: string, message: string): Finding => ({
  code,
  object,
  message,
  remedy: warningCodes[code].remedy,
});

/** The error that a start would answer. */
export const ofRefusal = (error: DomainError): Finding => ({
  code: error instanceof PreconditionFailedError ? error.reason : error.code,
  object: null,
  message: error.message,
  remedy: error.remedy,
});

export const ofFault = ({ code, object, message, remedy }: Fault): Finding => ({ code, object: object ?? null, message, remedy });

const isKnown = (code: string): code is WarningCode => Object.hasOwn(warningCodes, code);

export function ofWarning({ code, object: named, message }: RunWarning): Finding {
  const object = named ?? null;
  if (!isKnown(code)) return { code: "OTHER", object, message, remedy: "Look at the message." };
  return { code, object, message, remedy: warningCodes[code].remedy };
}

/** Without those that say what another one of the same code says. */
export function different(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map((one) => [`${one.code} ${one.message}`, one])).values()];
}

/** The first few by name, and how many more. */
export function whoOf(names: readonly string[]): string {
  const all = [...new Set(names)];
  return all.slice(0, 5).join(", ") + (all.length > 5 ? ` and ${all.length - 5} more` : "");
}
