/** Who hangs on whom: the edges of a tree the other way round, and what each step waits for of its own, counted. By index (ordinal - 1). */
import type { StepNode } from "../model.ts";
import { inPieces, type Pieces } from "../pieces.ts";

export interface Relations {
  readonly children: readonly (readonly number[])[];
  /** Steps that come after this one, however it ended. */
  readonly followers: readonly (readonly number[])[];
  /** Steps that need this one to have ended well. */
  readonly dependents: readonly (readonly number[])[];
  readonly behindGate: ReadonlyMap<number, readonly number[]>;
  /** How many leaves still keep a gate shut. */
  readonly gateKeepers: ReadonlyMap<number, number>;
  /** Edges and gates that a step waits for, without those of its containers. */
  readonly waits: readonly number[];
  /** One past the last index of what is in a step: a subtree is a range. */
  readonly subtreeEnd: readonly number[];
}

/** Of all that have none: never added to. */
const none: number[] = [];

export function* relationsOf(nodes: readonly StepNode[]): Pieces<Relations> {
  const children = lists(nodes.length);
  const followers = lists(nodes.length);
  const dependents = lists(nodes.length);
  const behindGate = new Map<number, number[]>();
  const gateKeepers = new Map<number, number>();
  for (const { opensGate } of nodes) if (opensGate !== null) gateKeepers.set(opensGate, (gateKeepers.get(opensGate) ?? 0) + 1);
  const waits: number[] = [];
  yield* inPieces(nodes, (node, index) => {
    if (node.ordinal !== index + 1) throw new RangeError(`step ${node.path} has ordinal ${node.ordinal} at position ${index + 1}`);
    for (const other of node.after) followers.add(other - 1, index);
    for (const other of node.needs) dependents.add(other - 1, index);
    if (node.parent !== null) children.add(node.parent - 1, index);
    const gates = node.afterGates.filter((gate) => gateKeepers.has(gate));
    for (const gate of gates) {
      const behind = behindGate.get(gate);
      if (behind) behind.push(index);
      else behindGate.set(gate, [index]);
    }
    waits.push(node.after.length + node.needs.length + gates.length);
  });
  const { all } = children;
  yield;
  return {
    children: all,
    followers: followers.all,
    dependents: dependents.all,
    behindGate,
    gateKeepers,
    waits,
    subtreeEnd: subtreeEnds(nodes),
  };
}

/** Many lists of which most stay empty. */
function lists(size: number) {
  const all = new Array<number[]>(size).fill(none);
  return {
    all,
    add(index: number, value: number) {
      const list = all[index];
      if (list === undefined || list === none) all[index] = [value];
      else list.push(value);
    },
  };
}

function subtreeEnds(nodes: readonly StepNode[]): number[] {
  const ends = nodes.map((_, index) => index + 1);
  for (let index = nodes.length - 1; index >= 0; index--) {
    const parent = nodes[index]?.parent ?? null;
    if (parent !== null) ends[parent - 1] = Math.max(ends[parent - 1] ?? 0, ends[index] ?? 0);
  }
  return ends;
}
