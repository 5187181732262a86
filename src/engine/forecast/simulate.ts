/** Plays the rest of a run as it goes when nothing goes wrong: expected durations, as many effects at once per site as there are slots. */
import { at, endOf, isEnd, type MomentGraph, stepOf } from "../graph.ts";
import { Heap } from "../heap.ts";
import { isContainer, isSettled, type StepNode, type StepStatus, slotSite } from "../model.ts";
import { inPieces, type Pieces } from "../pieces.ts";

/** What the forecast has to know of a step; times in milliseconds since 1970. */
export interface StepFacts {
  readonly status: StepStatus;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Known end of a delay or pause. */
  readonly dueAt: number | null;
}

/** Of leaves that are not settled. By index (ordinal - 1). */
export interface Rest {
  /** Infinity: not before something is over whose end nobody knows. */
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Index of the leaf at whose end this one starts; -1: it has started, or starts now. */
  readonly causes: Int32Array;
}

export interface Play {
  readonly nodes: readonly StepNode[];
  readonly graph: MomentGraph;
  readonly slotsPerSite: number;
  readonly now: number;
  readonly facts: (ordinal: number) => StepFacts;
  /** Expected end of an active leaf; Infinity: nobody knows. */
  readonly activeEnd: (node: StepNode, facts: StepFacts) => number;
}

interface Site {
  free: number;
  readonly waiting: Heap;
}

export function* simulating(play: Play): Pieces<Rest> {
  const simulation = new Simulation(play);
  yield* simulation.run();
  return simulation;
}

/** Ends at a time. */
const piece = 1_000;

class Simulation implements Rest {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly causes: Int32Array;
  readonly #play: Play;
  /** What each moment still waits for. */
  readonly #waits: Int32Array;
  readonly #running = new Heap();
  /** Moments that have come, and from which nothing has been drawn. One list for all: there are hundreds of thousands, one after the other. */
  readonly #come: number[] = [];
  readonly #sites = new Map<string | null, Site>();
  /** Sites where a step may start now: one has come, or a slot is free again. */
  readonly #touched = new Set<Site>();
  /** Leaves that have started or are over. */
  readonly #begun: Uint8Array;

  constructor(play: Play) {
    this.#play = play;
    const { length } = play.nodes;
    this.starts = new Float64Array(length).fill(Number.POSITIVE_INFINITY);
    this.ends = new Float64Array(length).fill(Number.POSITIVE_INFINITY);
    this.causes = new Int32Array(length).fill(-1);
    this.#waits = play.graph.waits.slice();
    this.#begun = new Uint8Array(length);
  }

  *run(): Pieces<void> {
    const { graph, nodes, now } = this.#play;
    const over = this.#takeOver();
    yield;
    for (let moment = 0; moment < graph.size; moment++) if (at(graph.waits, moment) === 0) this.#reach(moment);
    this.#follow();
    yield;
    yield* inPieces(over, (index) => this.#end(index));
    this.#begin(now, -1);
    let ends = 0;
    for (let index = this.#running.pop()?.value; index !== undefined; index = this.#running.pop()?.value) {
      if (++ends % piece === 0) yield;
      const site = this.#siteOf(nodes[index]);
      site.free++;
      this.#touched.add(site);
      this.#end(index);
      this.#begin(at(this.ends, index), index);
    }
  }

  /** The run as it stands; answers the leaves that are over. */
  #takeOver(): number[] {
    const over: number[] = [];
    for (const node of this.#play.nodes) {
      const facts = this.#play.facts(node.ordinal);
      if (isContainer(node) || facts.status === "PENDING") continue;
      const index = node.ordinal - 1;
      this.#begun[index] = 1;
      if (isSettled(facts.status)) over.push(index);
      else {
        this.#siteOf(node).free--;
        this.starts[index] = facts.startedAt ?? this.#play.now;
        this.ends[index] = this.#play.activeEnd(node, facts);
        if (Number.isFinite(this.ends[index])) this.#running.push({ key: at(this.ends, index), value: index });
      }
    }
    return over;
  }

  #end(index: number): void {
    this.#come.push(endOf(index));
    this.#follow();
  }

  /** Draws what follows from the moments that have come. */
  #follow(): void {
    const { offsets, targets } = this.#play.graph;
    const come = this.#come;
    for (let moment = come.pop(); moment !== undefined; moment = come.pop()) {
      for (let edge = at(offsets, moment); edge < at(offsets, moment + 1); edge++) {
        const target = at(targets, edge);
        const left = at(this.#waits, target) - 1;
        this.#waits[target] = left;
        if (left === 0) this.#reach(target);
      }
    }
  }

  /** A leaf's start is left to its site, and its end to its time; every other moment comes at once. */
  #reach(moment: number): void {
    const index = stepOf(moment);
    const node = this.#play.nodes[index];
    if (!node || isContainer(node)) this.#come.push(moment);
    else if (!isEnd(moment) && !this.#begun[index]) {
      const site = this.#siteOf(node);
      site.waiting.push({ key: index, value: index });
      this.#touched.add(site);
    }
  }

  #begin(time: number, cause: number): void {
    for (const site of this.#touched) {
      while (site.free > 0 && site.waiting.size > 0) {
        const index = site.waiting.pop()?.value ?? 0;
        site.free--;
        this.starts[index] = time;
        this.ends[index] = time + (this.#play.nodes[index]?.expectedSeconds ?? 0) * 1000;
        this.causes[index] = cause;
        this.#running.push({ key: at(this.ends, index), value: index });
      }
    }
    this.#touched.clear();
  }

  #siteOf(node: StepNode | undefined): Site {
    const id = node ? slotSite(node) : null;
    let site = this.#sites.get(id);
    if (!site) {
      site = { free: id === null ? Number.POSITIVE_INFINITY : this.#play.slotsPerSite, waiting: new Heap() };
      this.#sites.set(id, site);
    }
    return site;
  }
}
