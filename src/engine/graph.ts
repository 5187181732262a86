/**
 * A tree of steps as a graph of moments, so that what holds for a container costs one edge and not one per leaf: each step has
 * a start and an end, each gate an opening. Compact arrays: 25,000 VMs have some 400,000 moments.
 */
import { isContainerKind, type StepNode } from "./model.ts";
import { inPieces, type Pieces } from "./pieces.ts";

export type GraphNode = Pick<StepNode, "ordinal" | "parent" | "kind" | "after" | "needs" | "afterGates" | "opensGate">;

export interface MomentGraph {
  /** Number of moments. */
  readonly size: number;
  /** Followers of moment m are `targets[offsets[m]]` up to, not including, `targets[offsets[m + 1]]`. */
  readonly offsets: Int32Array;
  readonly targets: Int32Array;
  /** How many moments each one waits for. */
  readonly waits: Int32Array;
}

/** Moments of the step at an index (ordinal - 1). */
export const startOf = (index: number): number => 2 * index;
export const endOf = (index: number): number => 2 * index + 1;

/** Index of the step that a moment belongs to; past the last step: it is a gate's. */
export const stepOf = (moment: number): number => moment >> 1;
export const isEnd = (moment: number): boolean => (moment & 1) === 1;

export function* momentGraph(nodes: readonly GraphNode[]): Pieces<MomentGraph> {
  const gates = gateMoments(nodes);
  const size = 2 * nodes.length + gates.size;
  const offsets = new Int32Array(size + 1);
  const waits = new Int32Array(size);
  yield* eachEdge(nodes, gates, (from, to) => {
    offsets[from + 1] = at(offsets, from + 1) + 1;
    waits[to] = at(waits, to) + 1;
  });
  for (let m = 0; m < size; m++) offsets[m + 1] = at(offsets, m) + at(offsets, m + 1);
  const targets = new Int32Array(at(offsets, size));
  const next = offsets.slice();
  yield* eachEdge(nodes, gates, (from, to) => {
    const position = at(next, from);
    targets[position] = to;
    next[from] = position + 1;
  });
  return { size, offsets, targets, waits };
}

/** Reading past the end of a typed array is a mistake of ours; 0 stands in only for the type checker. */
export const at = (array: Int32Array | Float64Array, index: number): number => array[index] ?? 0;

function gateMoments(nodes: readonly GraphNode[]): ReadonlyMap<number, number> {
  const gates = new Map<number, number>();
  const add = (gate: number) => {
    if (!gates.has(gate)) gates.set(gate, 2 * nodes.length + gates.size);
  };
  for (const { opensGate, afterGates } of nodes) {
    if (opensGate !== null) add(opensGate);
    for (const gate of afterGates) add(gate);
  }
  return gates;
}

function eachEdge(nodes: readonly GraphNode[], gates: ReadonlyMap<number, number>, edge: (from: number, to: number) => void): Pieces<void> {
  return inPieces(nodes, (node, index) => {
    if (!isContainerKind(node.kind)) edge(startOf(index), endOf(index));
    for (const other of node.after) edge(endOf(other - 1), startOf(index));
    for (const other of node.needs) edge(endOf(other - 1), startOf(index));
    for (const gate of node.afterGates) edge(gates.get(gate) ?? 0, startOf(index));
    if (node.opensGate !== null) edge(endOf(index), gates.get(node.opensGate) ?? 0);
    if (node.parent !== null) {
      edge(startOf(node.parent - 1), startOf(index));
      edge(endOf(index), endOf(node.parent - 1));
    }
  });
}

/** Moments at a time. */
const piece = 10_000;

/** Moments in an order in which each comes after what it waits for; shorter than the graph when it has a cycle. */
export function* momentsInOrder(graph: MomentGraph): Pieces<Int32Array> {
  const waits = graph.waits.slice();
  const order = new Int32Array(graph.size);
  let found = 0;
  for (let m = 0; m < graph.size; m++) if (at(waits, m) === 0) order[found++] = m;
  for (let done = 0; done < found; done++) {
    if (done % piece === 0) yield;
    const moment = at(order, done);
    for (let e = at(graph.offsets, moment); e < at(graph.offsets, moment + 1); e++) {
      const target = at(graph.targets, e);
      const left = at(waits, target) - 1;
      waits[target] = left;
      if (left === 0) order[found++] = target;
    }
  }
  return order.subarray(0, found);
}
