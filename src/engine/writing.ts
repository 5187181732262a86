/**
 * Makes durable what a run's loop has decided. Writes are under way while the loop hears and decides the next one; what hangs on a write
 * (the work of steps that it starts, those who wait for their record) comes after it, always.
 */
import { promptsPayload } from "../events/append.ts";
import { type Change, changesPayload } from "../events/changes.ts";
import { type Announcements, createAnnouncements } from "./announcements.ts";
import { type Batch, emptyBatch, isEmpty } from "./batch.ts";
import type { Executions } from "./execution.ts";
import { isOutage, type RunChange } from "./journal.ts";
import { rowOf, stepAt } from "./live-run.ts";
import { isSettled, type StepNode } from "./model.ts";
import { notePoints, tellsOfPoints } from "./points.ts";
import type { Drive } from "./run-loop.ts";
import type { EngineParts } from "./settings.ts";

/** So many writes are under way at most: while the database does one, it has the next one already. */
const mostUnderWay = 2;
/** Behind one that is under way; of fewer events it would cost more than it is worth, and they become more meanwhile. */
const worthOneMore = 100;
/**
 * So many wait for a write to end: a round of the loop may add 400 to them. More events make a write no cheaper, and what is longer than a socket's
 * buffer, some 500, keeps the database waiting for its rest.
 */
const mostTogether = 250;

/** A leaf to set to work: just started, or found under way when its owner had died. */
interface Launch {
  readonly ordinal: number;
  readonly resumed: boolean;
}

/** What comes after a write: those who wait for their record, leaves to set to work, outcomes in the spool that nobody needs any more. */
interface Aftermath {
  readonly written: readonly (() => void)[];
  readonly launches: readonly Launch[];
  readonly outcomes: readonly string[];
  readonly points: boolean;
}

/** What it came to is in the spool until it is written. */
const runsCommand = (node: StepNode): boolean =>
  node.kind === "COMMAND" || ((node.kind === "READY_CHECK" || node.kind === "PROBE") && node.spec.check === "SCRIPT");

/** What of the loop it works with. */
export type Written = Pick<Drive, "record" | "run" | "claim" | "journal" | "inbox"> & {
  readonly executions: Pick<Executions, "launch">;
  readonly parts: Pick<EngineParts, "pool" | "forgetOutcome"> & { readonly wakeUps: Pick<EngineParts["wakeUps"], "hint"> };
};

export class Writing {
  readonly #drive: Written;
  readonly #announcements: Announcements;
  #written: (() => void)[] = [];
  #launches: Launch[] = [];
  readonly #underWay = new Set<Promise<void>>();
  /** Something waits for the end of a write to go with the next one. */
  #isHeld = false;
  #broken: { readonly error: unknown } | null = null;
  /** None, at first: whoever takes a run over may know more than was written. */
  #warningsWritten = -1;
  /** Recovery points have yet to be noted in the catalogue: the database was away. */
  #pointsDue = false;
  /** The newest note of them; one comes after the other. Nothing waits for it but the run's end: somebody may hold the rows for long. */
  #noted: Promise<void> = Promise.resolve();

  constructor(drive: Written) {
    this.#drive = drive;
    this.#announcements = createAnnouncements(drive.record, drive.run);
  }

  get pointsDue(): boolean {
    return this.#pointsDue;
  }

  /** With the next write. */
  launch(ordinal: number, resumed: boolean): void {
    this.#launches.push({ ordinal, resumed });
  }

  /** Told once the next write is durable. */
  tell(written: () => void): void {
    this.#written.push(written);
  }

  /**
   * What there is since the last time is on its way when this resolves; or it stays to become more, since enough is on its way. Throws what a
   * write has failed with.
   */
  async next(): Promise<void> {
    if (this.#broken !== null) throw this.#broken.error;
    const { batch } = this.#drive.run;
    while (this.#underWay.size >= mostUnderWay && batch.events.length >= mostTogether) await Promise.race(this.#underWay);
    const { size } = this.#underWay;
    this.#isHeld = size >= mostUnderWay || (size > 0 && batch.events.length < worthOneMore);
    if (!this.#isHeld) this.#send();
  }

  /** All that there is is durable. */
  async durable(): Promise<void> {
    if (this.#broken !== null) throw this.#broken.error;
    this.#send();
    await Promise.all(this.#underWay);
  }

  /** And its points are noted, unless they are due still. */
  async durableAndNoted(): Promise<void> {
    await this.durable();
    await this.#noted;
  }

  #send(): void {
    const { run, inbox } = this.#drive;
    const { batch } = run;
    const changes = this.#announcements.next(run, batch);
    const isNews = !isEmpty(batch) || changes.length > 0;
    if (!isNews && this.#written.length === 0 && this.#launches.length === 0) return;
    const row = isNews ? this.#row() : null;
    const after = this.#aftermath(batch);
    run.batch = emptyBatch();
    const write = this.#write(batch, row, changes, after);
    this.#underWay.add(write);
    write
      .catch((error: unknown) => {
        this.#broken ??= { error };
      })
      .finally(() => {
        this.#underWay.delete(write);
        if (this.#isHeld || this.#broken !== null) inbox.goOn();
      });
  }

  /**
   * Beside the run, all members of a group being written, whose later steps need nothing of it: the catalogue follows the run's steps; when the
   * database is away it follows later.
   */
  catchUpPoints(): void {
    if (!this.#pointsDue) return;
    this.#noted = this.#noted.then(() => this.#notePoints());
    this.#noted.catch((error: unknown) => {
      this.#broken ??= { error };
      this.#drive.inbox.goOn();
    });
  }

  async #notePoints(): Promise<void> {
    if (!this.#pointsDue) return;
    const { parts, claim, run } = this.#drive;
    this.#pointsDue = false; // what is written from now on is not in this note
    try {
      await notePoints(parts.pool, claim, run.steps);
    } catch (error) {
      if (!isOutage(error)) throw error;
      this.#pointsDue = true;
    }
  }

  /** Warnings only ever become more: those that are written already are not sent again. */
  #row(): RunChange {
    const { run } = this.#drive;
    const row = rowOf(run);
    if (run.warnings.size === this.#warningsWritten) return { ...row, warnings: null };
    this.#warningsWritten = run.warnings.size;
    return row;
  }

  #aftermath(batch: Batch): Aftermath {
    const { run } = this.#drive;
    const ended = [...batch.steps.values()].filter(({ status }) => isSettled(status));
    const after: Aftermath = {
      written: this.#written,
      launches: this.#launches,
      outcomes: ended.filter(({ node }) => runsCommand(node)).map(({ node, attempt }) => `${run.id}:${node.ordinal}:${attempt}`),
      points: ended.some(({ node }) => tellsOfPoints(node)),
    };
    this.#written = [];
    this.#launches = [];
    return after;
  }

  async #write(batch: Batch, row: RunChange | null, changes: readonly Change[], after: Aftermath): Promise<void> {
    const { run, journal, parts, executions } = this.#drive;
    if (row !== null) {
      await journal.write(batch, row, changes);
      this.#hint(batch, changes);
      for (const key of after.outcomes) parts.forgetOutcome(key);
      this.#pointsDue ||= after.points;
    }
    for (const go of after.written) go();
    for (const { ordinal, resumed } of after.launches) if (!isSettled(stepAt(run, ordinal).status)) executions.launch(ordinal, resumed);
    if (after.points) this.catchUpPoints();
  }

  #hint(batch: Batch, changes: readonly Change[]): void {
    const { parts, run } = this.#drive;
    if (changes.length > 0) parts.wakeUps.hint("dr_events", changesPayload);
    parts.wakeUps.hint("dr_events", run.id);
    const isOfPrompts = batch.prompts.length > 0 || batch.events.some(({ kind }) => kind === "PROMPT_ANSWERED");
    if (isOfPrompts) parts.wakeUps.hint("dr_events", promptsPayload);
  }
}
