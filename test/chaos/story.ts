/** One plan with every kind of step of a test and its cleanup, played to its end by an engine process that is killed on the way. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { countOf } from "../../src/events/chain.ts";
import type { Lab } from "../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aLab, labSites } from "../support/lab.ts";
import { operator, recoveriesOf } from "../support/node.ts";
import { aPlan } from "../support/plan.ts";
import { ended, eventsOf, openPrompt, type ReadRun } from "../support/run.ts";
import { aVictim, type Victim } from "./victim.ts";

export interface Told {
  /** Status of each step of test and cleanup, by its path. */
  readonly statuses: Readonly<Record<string, string>>;
  readonly results: readonly (string | null)[];
  /** What has changed at the sites, sorted: kind and target. */
  readonly effects: readonly string[];
  readonly keys: readonly string[];
  readonly sequences: readonly (readonly number[])[];
  readonly positions: readonly bigint[];
  /** Of steps that failed or warn. */
  readonly messages: readonly string[];
  /** How often the plan's commands have run: once-only, rerunnable. */
  readonly notes: readonly number[];
}

export interface Scene {
  readonly db: TestDatabase;
  readonly lab: Lab;
  readonly victim: Victim;
  /** How often the once-only command (0) or the rerunnable one (1) has run. */
  runsOf(command: 0 | 1): Promise<number>;
  /** Lets that command go on: each stays until it may. */
  open(command: 0 | 1): Promise<void>;
}

/** `disturb` is told of the scene before the test starts; it resolves when it has done its worst. */
export async function tell(disturb: (scene: Scene) => Promise<void>, holdCommands = false): Promise<Told> {
  const db = await freshDatabase();
  const folder = await mkdtemp(join(tmpdir(), "dr-chaos-"));
  const notes = [join(folder, "once"), join(folder, "again")];
  const gates = [join(folder, "go-once"), join(folder, "go-again")];
  const argumentsOf = (command: 0 | 1) => [notes[command] ?? "", ...(holdCommands ? [gates[command] ?? ""] : [])];
  const sites = labSites({ vms: 3, groups: 2 });
  const lab = await aLab(db.url, sites);
  await using victim = await aVictim(db.url);
  try {
    const { planId } = await aPlan(db.database, sites, {
      testNetwork: false,
      vms: {
        "vm-1": {
          startupDelaySeconds: 1,
          targetIp: "10.9.0.1",
          pre: [{ command: "note.sh", arguments: argumentsOf(1), rerunnable: true }],
          post: [{ command: "exit", arguments: ["0"], runInGuest: true }],
        },
        "vm-2": { dependsOn: ["vm-1"] },
      },
      priorityGroups: [
        { groups: [0], pre: [{ name: "Go on?", type: "PROMPT" }], post: [{ name: "Rest", type: "PAUSE", durationSeconds: 1 }] },
        { groups: [1], post: [{ name: "Note", type: "COMMAND", command: "note.sh", arguments: argumentsOf(0) }] },
      ],
    });
    const recoveries = recoveriesOf(db.database, lab.provider);
    const disturbed = disturb({
      db,
      lab,
      victim,
      runsOf: (command) => linesOf(notes[command] ?? ""),
      open: (command) => writeFile(gates[command] ?? "", ""),
    });
    await victim.start();
    const test = await recoveries.start(operator, { planId, recoveryType: "TEST" });
    const answered = openPrompt(db.database, test.recoveryId).then((promptId) =>
      recoveries.answerPrompt(operator, { promptId, answer: "CONTINUE" }),
    );
    const tested = await ended(db.database, test.recoveryId, 300);
    await answered;
    const cleanup = await recoveries.cleanup(operator, { planId });
    const cleaned = await ended(db.database, cleanup.recoveryId, 300);
    await disturbed;
    return await read(db, lab, [test.recoveryId, cleanup.recoveryId], [tested, cleaned], notes);
  } finally {
    await victim.kill();
    await lab.close();
    await db.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

const linesOf = async (file: string) => (await readFile(file, "utf8").catch(() => "")).split("\n").filter(Boolean).length;

async function read(db: TestDatabase, lab: Lab, ids: readonly string[], runs: readonly ReadRun[], notes: readonly string[]): Promise<Told> {
  const events = await Promise.all(ids.map((id) => eventsOf(db.database, id)));
  const ledger = await lab.ledger();
  // Of the whole log: what changes with the runs stands between their own events.
  const log = await db.database.pool.query<{ position: string }>(
    `SELECT generate_series(position - ${countOf("event")} + 1, position) AS position FROM event`,
  );
  return {
    statuses: Object.fromEntries(
      runs.flatMap(({ steps }, run) => steps.map(({ path, name, status }) => [`${run}/${path} ${name}`, status])),
    ),
    results: runs.map(({ resultState }) => resultState),
    effects: ledger.map(({ kind, target }) => `${kind} ${target.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "RUN")}`).sort(),
    keys: ledger.map(({ key }) => key),
    sequences: events.map((list) => list.map(({ sequence }) => sequence)),
    positions: log.rows.map(({ position }) => BigInt(position)),
    messages: runs.flatMap(({ steps }) =>
      steps.flatMap(({ status, path, message }) => (status === "FAILED" || status === "WARNING" ? [`${path} ${message}`] : [])),
    ),
    notes: await Promise.all(notes.map(linesOf)),
  };
}
