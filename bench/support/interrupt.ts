/** Ctrl-C ends what was started, too: PostgreSQL has a session of its own, and folders would stay behind. */
import { constants } from "node:os";

type End = () => Promise<unknown>;

/** What is to be done then; the newest first. */
const ends = new Set<End>();
let isEnding = false;

/** Answers how to forget it, once it has been done. */
export function onInterrupt(end: End): () => void {
  ends.add(end);
  return () => void ends.delete(end);
}

/** For whole programs: from here on a signal ends them in order, with the exit code that shells give it; a second one at once. */
export function listenForInterrupts(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void interrupt(signal));
}

async function interrupt(signal: "SIGINT" | "SIGTERM" | "SIGHUP"): Promise<void> {
  const code = 128 + constants.signals[signal];
  if (isEnding) process.exit(code);
  isEnding = true;
  process.stderr.write("Interrupted: what was started is being ended. Nothing is written.\n");
  process.on("uncaughtException", () => {}); // what fails now fails since its other side has been ended
  for (let end = newest(); end !== undefined; end = newest()) {
    ends.delete(end);
    await end().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  }
  process.exit(code);
}

const newest = () => [...ends].at(-1);
