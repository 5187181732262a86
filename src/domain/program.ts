/** A program with its arguments, as plans and VMs name it. */
import { checkInt, checkText, type FieldErrors, type Path } from "./field-errors.ts";

export interface ProgramWish {
  readonly command: string;
  readonly arguments?: readonly string[] | null | undefined;
  readonly timeoutSeconds?: number | null | undefined;
}

/** By its form: whether it is there, and may be run, is asked when it is run. */
export function checkProgram(errors: FieldErrors, path: Path, { command, arguments: list, timeoutSeconds }: ProgramWish): void {
  checkText(errors, [...path, "command"], command, 4_096);
  if (command.trim() === "") errors.add([...path, "command"], "A command names a program.");
  if (list && list.length > 256) errors.add([...path, "arguments"], `A command may have 256 arguments, and has ${list.length}.`);
  for (const [at, argument] of (list ?? []).entries()) checkText(errors, [...path, "arguments", at], argument, 4_096);
  checkInt(errors, [...path, "timeoutSeconds"], timeoutSeconds, 1, 86_400);
}
