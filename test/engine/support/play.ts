/** Plays a tree of steps to its end, in an order that a seed decides, and writes down what happened when. */
import { isSettled, type SettledStatus, type StepNode, type StepStatus } from "../../../src/engine/model.ts";
import { createSchedule, type Decided, type Schedule } from "../../../src/engine/schedule.ts";

/** Ticks of a clock that moves with each start and each end. */
export interface Played {
  readonly nodes: readonly StepNode[];
  readonly started: ReadonlyMap<number, number>;
  readonly ended: ReadonlyMap<number, number>;
  readonly statuses: ReadonlyMap<number, StepStatus>;
  readonly messages: ReadonlyMap<number, string>;
  /** Everything in the order in which it happened, in words. */
  readonly story: readonly string[];
  /** Starts and ends that were the player's to choose. */
  readonly turns: number;
  /** Steps that nothing would ever have brought to an end. */
  readonly stuck: readonly number[];
}

export interface PlayOptions {
  readonly seed: number;
  /** Cancels the run at this turn: a turn is one start or one end. */
  readonly cancelAt?: number;
  /** At this turn the schedule is thrown away and made anew from the statuses. */
  readonly resumeAt?: number;
  readonly create?: typeof createSchedule;
  /** Settled before the run began, at tick 0. */
  readonly done?: ReadonlyMap<number, SettledStatus>;
  /** What a resumed run finds. */
  readonly recorded?: (statuses: ReadonlyMap<number, StepStatus>) => ReadonlyMap<number, StepStatus>;
}

/** Mulberry32: small, seeded, good enough to shuffle with. */
export function random(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export function play(nodes: readonly StepNode[], options: PlayOptions): Played {
  return new Player(nodes, options).play();
}

class Player {
  readonly #nodes: readonly StepNode[];
  readonly #options: PlayOptions;
  readonly #create: typeof createSchedule;
  readonly #pick: (below: number) => number;
  readonly #failsOneIn: number;
  /** The caller's bound of steps at once. */
  readonly #slots: number;
  readonly #started = new Map<number, number>();
  readonly #ended = new Map<number, number>();
  readonly #statuses = new Map<number, StepStatus>();
  readonly #messages = new Map<number, string>();
  readonly #story: string[] = [];
  #schedule: Schedule;
  #tick = 0;
  #turn = 0;
  #cancelled = false;

  constructor(nodes: readonly StepNode[], options: PlayOptions) {
    this.#nodes = nodes;
    this.#options = options;
    this.#create = options.create ?? createSchedule;
    this.#pick = random(options.seed);
    this.#failsOneIn = [0, 30, 8, 3][this.#pick(4)] ?? 0;
    this.#slots = 1 + this.#pick(20);
    for (const { ordinal } of nodes) this.#statuses.set(ordinal, "PENDING");
    for (const [ordinal, status] of options.done ?? []) {
      this.#statuses.set(ordinal, status);
      this.#ended.set(ordinal, 0);
    }
    const { schedule, decided } = this.#create(nodes, new Map(this.#statuses));
    this.#schedule = schedule;
    this.#hear(decided);
  }

  play(): Played {
    while (!this.#schedule.isOver()) {
      this.#turn++;
      if (this.#turn === this.#options.cancelAt) this.#cancel();
      if (this.#turn === this.#options.resumeAt) this.#resume();
      const ready = this.#schedule.ready();
      const active = this.#schedule.active();
      const start = ready.length > 0 && active.length < this.#slots && (active.length === 0 || this.#pick(2) === 0);
      if (!start && active.length === 0 && this.#decideRollBack()) continue;
      if (!start && active.length === 0) break;
      if (start) this.#start(ready[this.#pick(ready.length)] ?? 0);
      else this.#end(active[this.#pick(active.length)] ?? 0);
    }
    const stuck = this.#nodes.filter(({ ordinal }) => !isSettled(this.#statuses.get(ordinal) ?? "PENDING")).map(({ ordinal }) => ordinal);
    const [started, ended, statuses, messages] = [this.#started, this.#ended, this.#statuses, this.#messages];
    return { nodes: this.#nodes, started, ended, statuses, messages, story: this.#story, turns: this.#turn, stuck };
  }

  #start(ordinal: number): void {
    const kind = this.#nodes[ordinal - 1]?.kind;
    const status = kind === "PROMPT" || kind === "PAUSE" ? "WAITING" : "RUNNING";
    for (const container of this.#schedule.start(ordinal, status)) {
      this.#statuses.set(container, "RUNNING");
      this.#story.push(`${container} with ${ordinal}`);
    }
    this.#statuses.set(ordinal, status);
    this.#started.set(ordinal, ++this.#tick);
    this.#story.push(`${ordinal} started`);
  }

  #end(ordinal: number): void {
    const isPrompt = this.#nodes[ordinal - 1]?.kind === "PROMPT";
    const status = isPrompt ? "SUCCEEDED" : this.#outcome();
    this.#statuses.set(ordinal, status);
    this.#ended.set(ordinal, ++this.#tick);
    this.#story.push(`${ordinal} ${status}`);
    this.#hear(this.#schedule.settle(ordinal, status));
    const answer = isPrompt ? this.#pick(6) : 0;
    if (answer === 1) this.#hear(this.#schedule.skipRestOfPhase(ordinal, "skipped at the prompt"));
    if (answer === 2 && this.#pick(3) === 0) {
      this.#cancelled = true;
      this.#hear(this.#schedule.cancel("aborted at the prompt"));
    }
  }

  #outcome(): SettledStatus {
    if (this.#failsOneIn > 0 && this.#pick(this.#failsOneIn) === 0) return "FAILED";
    return this.#pick(10) === 0 ? "WARNING" : "SUCCEEDED";
  }

  #cancel(): void {
    this.#story.push("cancel");
    this.#cancelled = true;
    this.#hear(this.#schedule.cancel("cancelled"));
  }

  /** Of a cancelled run most of it is done, of any other none. */
  #decideRollBack(): boolean {
    const held = this.#schedule.rollBack();
    for (const ordinal of held) {
      if (this.#cancelled && this.#pick(5) > 0) this.#schedule.release(ordinal);
      else {
        this.#statuses.set(ordinal, "SKIPPED");
        this.#ended.set(ordinal, ++this.#tick);
        this.#hear(this.#schedule.settle(ordinal, "SKIPPED"));
      }
    }
    return held.length > 0;
  }

  #resume(): void {
    const { recorded = (statuses) => statuses } = this.#options;
    const { schedule, decided } = this.#create(this.#nodes, recorded(new Map(this.#statuses)));
    this.#schedule = schedule;
    this.#hear(decided);
  }

  #hear(decided: readonly Decided[]): void {
    for (const { ordinal, status, message } of decided) {
      this.#statuses.set(ordinal, status);
      this.#ended.set(ordinal, ++this.#tick);
      if (message !== null) this.#messages.set(ordinal, message);
      this.#story.push(`${ordinal} ${status} ${message ?? ""}`);
    }
  }
}
