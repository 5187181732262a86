/** Marks the longest chain of steps and gives containers their duration: with slots enough, as a run goes when nothing goes wrong: without a roll-back. */
import { at, endOf, isEnd, momentGraph, momentsInOrder, startOf, stepOf } from "../graph.ts";
import { isContainerKind } from "../model.ts";
import type { Pieces } from "../pieces.ts";
import { isRollBack } from "../roll-back.ts";
import { CompileError } from "./error.ts";
import type { DraftNode } from "./tree.ts";

export function* markCriticalPath(nodes: readonly DraftNode[]): Pieces<void> {
  const graph = yield* momentGraph(nodes);
  const order = yield* momentsInOrder(graph);
  if (order.length < graph.size) throw new CompileError(stuck(nodes, order));
  const time = new Float64Array(graph.size);
  const cause = new Int32Array(graph.size).fill(-1);
  for (const [done, moment] of order.entries()) {
    if (done % piece === 0) yield;
    const node = nodes[stepOf(moment)];
    const leafStarts = node !== undefined && !isEnd(moment) && !isContainerKind(node.kind);
    for (let e = at(graph.offsets, moment); e < at(graph.offsets, moment + 1); e++) {
      const target = at(graph.targets, e);
      const reached = at(time, moment) + (leafStarts && target === moment + 1 ? node.expectedSeconds : 0);
      if (at(cause, target) !== -1 && reached <= at(time, target)) continue;
      time[target] = reached;
      cause[target] = moment;
    }
  }
  yield;
  measureContainers(nodes, time);
  yield;
  markChain(nodes, time, cause);
}

/** Moments at a time. */
const piece = 10_000;

/** From the start of the first step in it to the end of its last. */
function measureContainers(nodes: readonly DraftNode[], time: Float64Array): void {
  const first = new Float64Array(nodes.length).fill(Number.POSITIVE_INFINITY);
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index];
    if (!node) continue;
    if (isContainerKind(node.kind))
      node.expectedSeconds = Math.max(0, at(time, endOf(index)) - Math.min(at(first, index), at(time, endOf(index))));
    else first[index] = at(time, startOf(index));
    if (node.parent !== null) first[node.parent - 1] = Math.min(at(first, node.parent - 1), at(first, index));
  }
}

function markChain(nodes: readonly DraftNode[], time: Float64Array, cause: Int32Array): void {
  let last = -1;
  nodes.forEach((node, index) => {
    if (!isRollBack(node) && (last < 0 || at(time, endOf(index)) > at(time, endOf(last)))) last = index;
  });
  for (let moment = last < 0 ? -1 : endOf(last); moment !== -1; moment = at(cause, moment)) {
    const node = nodes[stepOf(moment)];
    if (!node || isContainerKind(node.kind) || node.skipReason !== null || node.warnReason !== null) continue;
    for (let on: DraftNode | undefined = node; on && !on.onCriticalPath; on = on.parent === null ? undefined : nodes[on.parent - 1]) {
      on.onCriticalPath = true;
    }
  }
}

function stuck(nodes: readonly DraftNode[], order: Int32Array): string {
  const reached = new Set(order);
  const names = nodes.filter((_, index) => !reached.has(endOf(index))).map(({ path, name }) => `${path} ${name}`);
  return `These steps wait for each other: ${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}.`;
}
