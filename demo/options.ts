/** Arguments of `npm run demo`. */
import { parseArgs } from "node:util";

export interface DemoOptions {
  /** Kill the gateway with -9 half-way, and start it again. */
  readonly kill: boolean;
  /** Let the person at the terminal answer the prompt. */
  readonly ask: boolean;
  readonly plan: string;
}

export const usage = `npm run demo -- [--kill] [--ask] [--plan NAME]

Runs a test recovery through the public API (HTTP and graphql-ws), draws its steps, answers its prompt, cleans up after it,
and shows the leak audit and what was achieved.

  --kill       kill the gateway with -9 half-way, start it again, and show that the same run goes on
  --ask        ask you for the answer to the prompt
  --plan NAME  another plan than WebApp-Recovery-Plan
  --help       this text`;

/** Null: the usage was asked for. Throws with a sentence for what can't be understood. */
export function readOptions(args: readonly string[]): DemoOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      kill: { type: "boolean", default: false },
      ask: { type: "boolean", default: false },
      plan: { type: "string", default: "WebApp-Recovery-Plan" },
      help: { type: "boolean", default: false },
    },
    strict: true,
  });
  return values.help ? null : { kill: values.kill, ask: values.ask, plan: values.plan };
}
