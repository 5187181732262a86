/** `npm run demo`: a recovery as a stranger sees it, through the public API only. */
import { readOptions, type StoryName, usage } from "./options.ts";
import { onStage, quickHeartbeats } from "./stage.ts";
import type { Story } from "./story.ts";
import { tellDisaster } from "./story-disaster.ts";
import { tellFailback, tellPlanned } from "./story-move.ts";
import { tellTest } from "./story-test.ts";

const stories: Record<StoryName, (story: Story, plan: unknown) => Promise<boolean>> = {
  test: tellTest,
  planned: tellPlanned,
  failback: tellFailback,
  disaster: tellDisaster,
};

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  return (await onStage(options, options.story === "disaster" ? quickHeartbeats : {}, stories[options.story])) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
