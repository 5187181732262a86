/** Arguments of `npm run demo`. */
import { parseArgs } from "node:util";

const stories = ["test", "planned", "failback", "disaster"] as const;
export type StoryName = (typeof stories)[number];

export interface DemoOptions {
  readonly story: StoryName;
  /** Kill the gateway with -9 half-way, and start it again. */
  readonly kill: boolean;
  /** Let the person at the terminal answer the prompt. */
  readonly ask: boolean;
  readonly plan: string;
}

export const usage = `npm run demo -- [test|planned|failback|disaster] [--kill] [--ask] [--plan NAME]

Tells a story through the public API (HTTP and graphql-ws): draws the steps of each run, answers its prompts, and shows what was achieved.

  test         a test recovery in an isolated network, its cleanup and the leak audit (when no story is named)
  planned      an orderly move to the other site that loses nothing, then protection in the other direction
  failback     there and back again: what is moved there comes home, and is protected as it was
  disaster     a site is lost: verdict, recovery at the other site, what was lost; it comes back, and the machines go home

  --kill       kill the gateway with -9 half-way, start it again, and show that the same run goes on
  --ask        ask you for the answer to the prompt
  --plan NAME  another plan than WebApp-Recovery-Plan
  --help       this text`;

const isStory = (name: string): name is StoryName => stories.some((story) => story === name);

/** Null: the usage was asked for. Throws with a sentence for what can't be understood. */
export function readOptions(args: readonly string[]): DemoOptions | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      kill: { type: "boolean", default: false },
      ask: { type: "boolean", default: false },
      plan: { type: "string", default: "WebApp-Recovery-Plan" },
      help: { type: "boolean", default: false },
    },
    strict: true,
  });
  if (values.help) return null;
  const [story = "test", ...more] = positionals;
  if (!isStory(story) || more.length > 0) throw new Error(`There is no story "${positionals.join(" ")}": ${stories.join(", ")} are told.`);
  return { story, kill: values.kill, ask: values.ask, plan: values.plan };
}
