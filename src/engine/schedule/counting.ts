/** The schedule as counts: each step knows how much it still waits for, each end takes one from those that hang on it. */
import { isContainer, isGood, isSettled, isWait, type SettledStatus, type StepNode, type StepStatus } from "../model.ts";
import { inPieces, type Pieces } from "../pieces.ts";
import { isRollBack } from "../roll-back.ts";
import type { Decided, Schedule } from "../schedule.ts";
import { causeOf } from "./cause.ts";
import { Ordinals } from "./ordinals.ts";
import { ReadyLeaves } from "./ready.ts";
import type { Relations } from "./relations.ts";
import { rollUp, withStatus } from "./roll-up.ts";

const isActive = (status: StepStatus): status is "RUNNING" | "WAITING" => status === "RUNNING" || status === "WAITING";

export class CountingSchedule implements Schedule {
  readonly #nodes: readonly StepNode[];
  readonly #relations: Relations;
  readonly #statuses: StepStatus[];
  /** What each step still waits for of its own; its containers' count apart. */
  readonly #waits: number[];
  /** Steps that wait for nothing any more, nor do their containers. */
  readonly #open: boolean[];
  readonly #gateKeepers: Map<number, number>;
  readonly #childrenLeft: number[];
  /** Of containers: which statuses their children have ended with. */
  readonly #ends: number[];
  /** Containers that were skipped as a whole: not to be walked through again. */
  readonly #skipped = new Set<number>();
  /** Why steps were skipped: the reason is passed on to those that need them. */
  readonly #reasons = new Map<number, string>();
  readonly #ready: ReadyLeaves;
  readonly #active: Ordinals;
  readonly #waiting: Ordinals;
  /** By index: leaves that wait for their owner alone. */
  readonly #held = new Set<number>();
  /** Settled steps whose consequences are still to be drawn. */
  readonly #queue: number[] = [];
  #decided: Decided[] = [];
  #unsettled: number;
  /** Those of them outside of a roll-back. */
  #others: number;

  constructor(nodes: readonly StepNode[], relations: Relations) {
    this.#nodes = nodes;
    this.#relations = relations;
    this.#ready = new ReadyLeaves(nodes);
    this.#active = new Ordinals(nodes.length);
    this.#waiting = new Ordinals(nodes.length);
    this.#statuses = nodes.map(() => "PENDING");
    this.#waits = [...this.#relations.waits];
    this.#open = nodes.map(() => false);
    this.#gateKeepers = new Map(this.#relations.gateKeepers);
    this.#childrenLeft = this.#relations.children.map((children) => children.length);
    this.#ends = nodes.map(() => 0);
    this.#unsettled = nodes.length;
    this.#others = nodes.filter((node) => !isRollBack(node)).length;
  }

  /** To be called once, first. Containers' ends follow from their leaves; only what was not recorded is answered. */
  *restoring(recorded: ReadonlyMap<number, StepStatus>, held: ReadonlySet<number>): Pieces<readonly Decided[]> {
    const fromStart: [number, SettledStatus, string][] = [];
    yield* inPieces(this.#nodes, (node, index) => {
      const status = recorded.get(node.ordinal) ?? "PENDING";
      if (isContainer(node)) {
        if (isActive(status)) this.#statuses[index] = status;
        else if (this.#childrenLeft[index] === 0) this.#end(index, "SUCCEEDED");
      } else if (held.has(node.ordinal)) this.#held.add(index);
      else if (isSettled(status)) this.#end(index, status);
      else if (isActive(status)) this.#activate(index, status);
      else if (isRollBack(node)) this.#held.add(index);
      else if (node.skipReason !== null) fromStart.push([index, "SKIPPED", node.skipReason]);
      else if (node.warnReason !== null) fromStart.push([index, "WARNING", node.warnReason]);
    });
    for (const decision of fromStart) this.#decide(...decision);
    yield* inPieces(this.#nodes, (_, index) => this.#openIfFree(index));
    return this.#consequences().filter(({ ordinal, status }) => recorded.get(ordinal) !== status);
  }

  ready(): readonly number[] {
    return this.readyFor(this.#ready.size, () => Number.POSITIVE_INFINITY);
  }

  readyFor(most: number, slots: (siteId: string | null) => number): readonly number[] {
    return this.#ready.toArray(most, slots);
  }

  hasReady(): boolean {
    return this.#ready.size > 0;
  }

  active(): readonly number[] {
    return this.#active.toArray();
  }

  firstActive(): number | null {
    return this.#active.first();
  }

  waits(): readonly number[] {
    return this.#waiting.toArray();
  }

  isOver(): boolean {
    return this.#unsettled === 0;
  }

  rollBack(): readonly number[] {
    if (this.#others > 0 || this.#unsettled === 0) return [];
    return [...this.#held].map((index) => index + 1).sort((a, b) => a - b);
  }

  release(ordinal: number): void {
    if (!this.#held.delete(ordinal - 1)) throw new Error(`step ${ordinal} is ${this.status(ordinal)} and is not held`);
    if (this.#open[ordinal - 1]) this.#ready.add(ordinal);
  }

  status(ordinal: number): StepStatus {
    const status = this.#statuses[ordinal - 1];
    if (status === undefined) throw new RangeError(`there is no step ${ordinal}`);
    return status;
  }

  start(ordinal: number, status: "RUNNING" | "WAITING"): readonly number[] {
    if (!this.#ready.delete(ordinal)) throw new Error(`step ${ordinal} is ${this.status(ordinal)} and may not start`);
    return this.#activate(ordinal - 1, status);
  }

  hold(ordinal: number): void {
    if (!this.#active.delete(ordinal)) throw new Error(`step ${ordinal} is ${this.status(ordinal)} and can't be held`);
    this.#waiting.delete(ordinal);
    this.#statuses[ordinal - 1] = "PENDING";
    this.#held.add(ordinal - 1);
  }

  settle(ordinal: number, status: SettledStatus): readonly Decided[] {
    const node = this.#nodes[ordinal - 1];
    const before = this.status(ordinal);
    if (!node || isContainer(node) || isSettled(before)) throw new Error(`step ${ordinal} is ${before} and can't end ${status}`);
    this.#end(ordinal - 1, status);
    return this.#consequences();
  }

  skipRestOfPhase(ordinal: number, reason: string): readonly Decided[] {
    const prompt = this.#nodes[ordinal - 1];
    if (!prompt || prompt.parent === null || prompt.phase === null) return [];
    for (const index of this.#relations.children[prompt.parent - 1] ?? []) {
      if (index >= ordinal && this.#nodes[index]?.phase === prompt.phase && this.#statuses[index] === "PENDING") {
        this.#decide(index, "SKIPPED", reason);
      }
    }
    return this.#consequences();
  }

  cancel(reason: string): readonly Decided[] {
    // All of them first: a consequence of one must find none of the others still PENDING, and skip it.
    this.#nodes.forEach((node, index) => {
      if (this.#statuses[index] === "PENDING" && !isContainer(node) && !this.#held.has(index)) this.#decide(index, "CANCELLED", reason);
    });
    return this.#consequences();
  }

  /** A leaf and, with the first in them, its containers; answers these. */
  #activate(index: number, status: "RUNNING" | "WAITING"): number[] {
    this.#statuses[index] = status;
    this.#active.add(index + 1);
    const node = this.#nodes[index];
    if (node && !isContainer(node) && isWait(node.kind)) this.#waiting.add(index + 1);
    const started: number[] = [];
    for (let at = node?.parent ?? null; at !== null; at = this.#nodes[at - 1]?.parent ?? null) {
      if (this.#statuses[at - 1] !== "PENDING") break;
      this.#statuses[at - 1] = "RUNNING";
      started.unshift(at);
    }
    return started;
  }

  #end(index: number, status: SettledStatus): void {
    this.#statuses[index] = status;
    this.#unsettled--;
    this.#held.delete(index);
    const node = this.#nodes[index];
    if (node && !isRollBack(node)) this.#others--;
    this.#active.delete(index + 1);
    this.#waiting.delete(index + 1);
    this.#ready.delete(index + 1);
    this.#queue.push(index);
  }

  #decide(index: number, status: SettledStatus, message: string | null): void {
    this.#end(index, status);
    if (status === "SKIPPED" && message !== null) this.#reasons.set(index, message);
    this.#decided.push({ ordinal: index + 1, status, message });
  }

  #consequences(): readonly Decided[] {
    // In order of settling; iterating over what grows keeps a chain of 25,000 off the call stack.
    for (const index of this.#queue) {
      const status = this.status(index + 1);
      if (!isSettled(status)) continue;
      for (const follower of this.#relations.followers[index] ?? []) this.#release(follower);
      for (const dependent of this.#relations.dependents[index] ?? []) {
        if (!isGood(status)) this.#skip(dependent, this.#because(index, status));
        this.#release(dependent);
      }
      this.#openGateOf(index);
      this.#tellParent(index, status);
    }
    this.#queue.length = 0;
    const decided = this.#decided;
    this.#decided = [];
    return decided;
  }

  #release(index: number): void {
    this.#waits[index] = (this.#waits[index] ?? 0) - 1;
    this.#openIfFree(index);
  }

  #openIfFree(index: number): void {
    const node = this.#nodes[index];
    if (!node || this.#open[index] || this.#waits[index] !== 0) return;
    if (node.parent !== null && !this.#open[node.parent - 1]) return;
    this.#open[index] = true;
    if (isContainer(node)) for (const child of this.#relations.children[index] ?? []) this.#openIfFree(child);
    else if (this.#statuses[index] === "PENDING" && !this.#held.has(index)) this.#ready.add(index + 1);
  }

  /** Every leaf in it that has not started. */
  #skip(index: number, reason: string): void {
    if (this.#skipped.has(index)) return;
    this.#skipped.add(index);
    for (let at = index; at < (this.#relations.subtreeEnd[index] ?? 0); at++) {
      const node = this.#nodes[at];
      if (node && !isContainer(node) && this.#statuses[at] === "PENDING") this.#decide(at, "SKIPPED", reason);
    }
  }

  /** The first cause: what was skipped itself hands on why. */
  #because(index: number, status: SettledStatus): string {
    const reason = status === "SKIPPED" ? this.#reasons.get(index) : undefined;
    const node = this.#nodes[index];
    return reason ?? (node ? causeOf(node, status) : "");
  }

  #openGateOf(index: number): void {
    const gate = this.#nodes[index]?.opensGate ?? null;
    if (gate === null) return;
    const left = (this.#gateKeepers.get(gate) ?? 0) - 1;
    this.#gateKeepers.set(gate, left);
    if (left === 0) for (const behind of this.#relations.behindGate.get(gate) ?? []) this.#release(behind);
  }

  #tellParent(index: number, status: SettledStatus): void {
    const parent = (this.#nodes[index]?.parent ?? 0) - 1;
    if (parent < 0) return;
    this.#ends[parent] = withStatus(this.#ends[parent] ?? 0, status);
    const left = (this.#childrenLeft[parent] ?? 0) - 1;
    this.#childrenLeft[parent] = left;
    if (left === 0) this.#decide(parent, rollUp(this.#ends[parent] ?? 0), null);
  }
}
