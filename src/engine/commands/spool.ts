/**
 * Where outcomes of commands stand until they are in the database. A supervisor writes KEY.started before its program runs and
 * KEY.result when it has ended, so a gateway that died finds at its next start what became of each command.
 */
import { mkdir, readdir, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { monotonicMs } from "../monotonic.ts";
import { type CommandOutcome, commandEnds, ended } from "./command.ts";
import { endAll, isAlive, send } from "./processes.ts";
import { readJson, resultPath, startedPath } from "./spool-files.ts";

const outcomeShape = z.object({
  reason: z.enum(commandEnds),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  tail: z.string(),
  totalBytes: z.number(),
  message: z.string(),
});

const startedShape = z.object({ supervisor: z.object({ pid: z.number(), startTime: z.string(), boot: z.string() }).nullable() });

/** A supervisor whose gateway is gone ends its command within silence and grace; one that takes longer is broken. */
const supervisorPatienceMs = 8000;
const lookEveryMs = 20;

/**
 * At start, before the first sweep: the outcome of each command that this node has run and not forgotten. Supervisors that are
 * still ending theirs are waited for; what a killed one left running is ended here.
 */
export async function readSpool(spoolDir: string): Promise<Map<string, CommandOutcome>> {
  await mkdir(spoolDir, { recursive: true, mode: 0o700 });
  const keys = new Set<string>();
  for (const name of await readdir(spoolDir)) {
    const [, key] = /^(.+)\.(?:started|result)$/.exec(name) ?? [];
    if (key !== undefined) keys.add(decodeURIComponent(key));
    else if (name.endsWith(".tmp")) await rm(`${spoolDir}/${name}`, { force: true });
  }
  const found = await Promise.all([...keys].map(async (key) => [key, await outcomeAfterDeath(spoolDir, key)] as const));
  return new Map(found);
}

/** When the outcome is in the database, or nobody will ask for it. */
export async function forget(spoolDir: string, key: string): Promise<void> {
  await rm(resultPath(spoolDir, key), { force: true });
  await rm(startedPath(spoolDir, key), { force: true });
}

/** What a command has come to whose supervisor answers to nobody any more. */
export async function outcomeAfterDeath(spoolDir: string, key: string): Promise<CommandOutcome> {
  const supervisor = startedShape.safeParse(readJson(startedPath(spoolDir, key))).data?.supervisor ?? null;
  const start = monotonicMs();
  while (supervisor && isAlive(supervisor) && monotonicMs() - start < supervisorPatienceMs) await delay(lookEveryMs);
  if (supervisor && isAlive(supervisor)) send(supervisor.pid, "SIGKILL");
  const written = outcomeShape.safeParse(readJson(resultPath(spoolDir, key)));
  if (written.success) return written.data;
  const gone = await endAll({ key, group: null }, 0);
  return ended(
    "OWNER_GONE",
    gone ? "The command was stopped: its supervisor died." : "The supervisor of the command died, and the command can't be stopped.",
  );
}
