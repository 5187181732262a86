/** From a snapshot to the tree of steps that a run works through. Pure: the same snapshot gives the same tree. */
import { compileCleanup } from "./compile/cleanup.ts";
import { markCriticalPath } from "./compile/critical-path.ts";
import { CompileError } from "./compile/error.ts";
import { compileGroupCreate, compileGroupDelete, compileGroupUpdate } from "./compile/group.ts";
import { addPriorityGroups } from "./compile/priority-groups.ts";
import { addRecoveryStorage } from "./compile/recovery-storage.ts";
import { compileReprotect } from "./compile/reprotect.ts";
import { addRollBack } from "./compile/roll-back.ts";
import { addTestStorage } from "./compile/storage.ts";
import { createTree } from "./compile/tree.ts";
import { findCycle } from "./cycles.ts";
import type { StepNode } from "./model.ts";
import { atOnce, type Pieces } from "./pieces.ts";
import type { RisingSnapshot, RunSnapshot, RunWarning } from "./run-snapshot.ts";

export { CompileError };

export interface CompiledRun {
  /** By ordinal: the step n is at n - 1. */
  readonly nodes: readonly StepNode[];
  /** The snapshot's own and what was found here. */
  readonly warnings: readonly RunWarning[];
}

/** Throws CompileError when the VMs wait for each other, or the snapshot contradicts itself. */
export const compile = (snapshot: RunSnapshot): CompiledRun => atOnce(compiling(snapshot));

export function* compiling(snapshot: RunSnapshot): Pieces<CompiledRun> {
  const tree = createTree(snapshot.pastSeconds);
  const warnings = [...snapshot.warnings];
  switch (snapshot.kind) {
    case "TEST":
      refuseCycle(snapshot);
      yield;
      yield* addPriorityGroups(tree, snapshot, addTestStorage(tree, snapshot), warnings);
      break;
    case "PLANNED":
    case "DISASTER":
      refuseCycle(snapshot);
      yield;
      yield* addPriorityGroups(tree, snapshot, addRecoveryStorage(tree, snapshot), warnings);
      addRollBack(tree, snapshot);
      break;
    case "REPROTECT":
      compileReprotect(tree, snapshot);
      break;
    case "CLEANUP":
      compileCleanup(tree, snapshot);
      break;
    case "GROUP_CREATE":
      compileGroupCreate(tree, snapshot);
      break;
    case "GROUP_UPDATE":
      compileGroupUpdate(tree, snapshot);
      break;
    case "GROUP_DELETE":
      compileGroupDelete(tree, snapshot);
      break;
  }
  yield;
  yield* markCriticalPath(tree.nodes);
  return { nodes: tree.nodes, warnings };
}

function refuseCycle({ priorityGroups, vms }: RisingSnapshot): void {
  const priorityOf = new Map(priorityGroups.flatMap(({ groupIds, priority }) => groupIds.map((id) => [id, priority] as const)));
  const ordered = vms.map(({ id, name, groupId, priority, dependsOn }) => {
    return { id, name, priorityGroup: priorityOf.get(groupId) ?? 0, priority, dependsOn };
  });
  const cycle = findCycle(ordered);
  if (cycle) throw new CompileError(`The VMs wait for each other: ${cycle.sentence}.`);
}
