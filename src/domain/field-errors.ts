/** Checking an input: everything that is wrong with it is collected, and said at once. */
import { type FieldError, InvalidRequestError } from "./errors.ts";
import { idOf, type NodeType } from "./ids.ts";

export type Path = readonly (string | number)[];

export interface FieldErrors {
  add(path: Path, message: string): void;
  /** Throws InvalidRequestError when there is one. */
  check(message?: string): void;
}

export function fieldErrors(): FieldErrors {
  const found: FieldError[] = [];
  return {
    add: (path, message) => found.push({ path: path.map(String), message }),
    check(message = found[0]?.message ?? "") {
      if (found.length > 0) throw new InvalidRequestError(message, found);
    },
  };
}

/** One field is wrong, and that is all. */
export function fieldError(path: Path, message: string): InvalidRequestError {
  return new InvalidRequestError(message, [{ path: path.map(String), message }]);
}

/** Names are trimmed, have 1 to 255 characters, and no control characters. Answers the name as it will be stored. */
export function checkName(errors: FieldErrors, path: Path, name: string): string {
  const trimmed = name.trim();
  if (trimmed === "") errors.add(path, "A name has at least one character.");
  else if (trimmed.length > 255) errors.add(path, `A name may have 255 characters, and this has ${trimmed.length}.`);
  else if (/\p{Cc}|\p{Cs}/u.test(trimmed)) errors.add(path, "A name can't have control characters.");
  return trimmed;
}

/** Free text, which may have line breaks. */
export function checkText(errors: FieldErrors, path: Path, text: string | null | undefined, most: number): void {
  if (text === null || text === undefined) return;
  if (text.length > most) errors.add(path, `It may have ${most} characters, and has ${text.length}.`);
  if (/\0|\p{Cs}/u.test(text)) errors.add(path, "It holds a character that can't be stored: NUL, or half of a surrogate pair.");
}

export const inRange = (value: number, least: number, most: number): boolean => Number.isInteger(value) && value >= least && value <= most;

export function checkInt(errors: FieldErrors, path: Path, value: number | null | undefined, least: number, most: number): void {
  if (value === null || value === undefined || inRange(value, least, most)) return;
  errors.add(path, `This is from ${least} to ${most}, and ${value} is not.`);
}

/** A key that is there has to say something. */
export function checkKey(errors: FieldErrors, key: string | null | undefined): void {
  checkText(errors, ["idempotencyKey"], key, 255);
  if (key === "") errors.add(["idempotencyKey"], "An empty key would stand for every request.");
}

/** The database id behind a global one; the empty text where it is none, or none of this type. */
export function checkId(errors: FieldErrors, path: Path, type: NodeType, globalId: string): string {
  try {
    return idOf(type, globalId, path.map(String));
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    errors.add(path, error.message);
    return "";
  }
}
