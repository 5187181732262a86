/** A command as its process would run it, without the process: a pipe as standard input, and what it wrote. */
import { PassThrough } from "node:stream";
import type { CommandLine } from "../../src/command-line.ts";

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export async function ended(
  command: (line: CommandLine) => Promise<number>,
  { argv, env, input = "" }: { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>>; readonly input?: string },
): Promise<Ended> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await command({
    argv,
    env,
    input: new PassThrough().end(input),
    output: { write: (text) => out.push(text) },
    errors: { write: (text) => err.push(text) },
  });
  return { code, out: out.join("").trim(), err: err.join("").trim() };
}
