/** Around a command of the terminal: what it is called with, where it reads and writes, and the code that it exits with. */
import { inspect } from "node:util";
import { ConfigError } from "./config.ts";
import { DatabaseError } from "./database/errors.ts";

/** It was called in a way that can't be meant. The message is the usage, or begins with what is wrong. */
export class UsageError extends Error {}

export type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };

export interface Output {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

export interface CommandLine {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: Input;
  readonly output: Output;
  readonly errors: Output;
}

/** Runs it to its end and answers the exit code: 2 when it was called or set up in a wrong way, 1 for every other failure. */
export async function runCommandLine(
  line: CommandLine,
  run: (line: CommandLine) => Promise<string>,
  known: readonly (abstract new (...of: never[]) => Error)[] = [],
): Promise<number> {
  try {
    line.output.write(`${await run(line)}\n`);
    return 0;
  } catch (error) {
    const isKnown = [UsageError, ConfigError, DatabaseError, ...known].some((kind) => error instanceof kind);
    line.errors.write(`${isKnown && error instanceof Error ? error.message : inspect(error)}\n`);
    return error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
  }
}

/** As the terminal calls it. */
export const ofProcess = (): CommandLine => ({
  argv: process.argv.slice(2),
  env: process.env,
  input: process.stdin,
  output: process.stdout,
  errors: process.stderr,
});
