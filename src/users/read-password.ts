/** A password that somebody gives: typed where nobody can read along, or from a file or a pipe. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import type { Input, Output } from "../command-line.ts";

/** The person broke off, or typed two different ones. The message is for people. */
export class PasswordError extends Error {}

/** No password is near this; reading ends there. */
const mostBytes = 16_384;

/** On a terminal it is asked for twice; else it is all of the input, but for its last line break. */
export async function readPassword(input: Input, output: Output): Promise<string> {
  if (!input.isTTY) return readAll(input);
  const first = await ask(input, output, "Password: ");
  if (first !== (await ask(input, output, "The same again: "))) throw new PasswordError("The two are not the same; nothing was changed.");
  return first;
}

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });

/** readline edits the line and keeps the terminal from showing it; what it would show itself goes nowhere. */
function ask(input: Input, output: Output, prompt: string): Promise<string> {
  const lines = createInterface({ input, output: nowhere(), terminal: true, historySize: 0 });
  output.write(prompt); // not before: what is typed is hidden from here on
  return new Promise<string>((resolve, reject) => {
    lines.once("line", resolve);
    lines.once("SIGINT", () => lines.close());
    lines.once("close", () => reject(new PasswordError("Broken off; nothing was changed.")));
  }).finally(() => {
    lines.close();
    output.write("\n");
  });
}

async function readAll(input: Input): Promise<string> {
  let text = "";
  for await (const chunk of input.setEncoding("utf8")) {
    text += chunk;
    if (text.length > mostBytes) throw new PasswordError("Standard input holds too much for a password.");
  }
  const password = text.replace(/\r?\n$/, "");
  if (/[\r\n]/.test(password)) throw new PasswordError("Standard input holds more than one line; the password is one.");
  return password;
}
