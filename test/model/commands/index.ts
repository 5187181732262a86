/** Everything that a sequence may do, each as often as its share says. */
import fc from "fast-check";
import type { Command } from "./command.ts";
import { answer, cancel, decide, pause, resolveSplitBrain, resume, switchToDisaster } from "./control.ts";
import { editPairing, editPlan, editVm, unmap } from "./edits.ts";
import { startFailover, startRecovery } from "./recoveries.ts";
import { accept, cleanUp, reprotect, startTest } from "./starts.ts";
import * as surroundings from "./surroundings.ts";

const shares: readonly (readonly [number, fc.Arbitrary<Command>])[] = [
  [10, startTest],
  [16, startRecovery],
  [4, startFailover],
  [10, cleanUp],
  [14, reprotect],
  [5, accept],
  [2, cancel],
  [2, pause],
  [5, resume],
  [12, answer],
  [10, decide],
  [5, switchToDisaster],
  [4, resolveSplitBrain],
  [2, editPlan],
  [3, editVm],
  [2, editPairing],
  [1, unmap],
  [2, surroundings.loseSite],
  [2, surroundings.partition],
  [1, surroundings.cutLink],
  [1, surroundings.missHeartbeats],
  [4, surroundings.failing],
  [1, surroundings.lost],
  [3, surroundings.held],
  [5, surroundings.heal],
  [5, surroundings.time],
  [2, surroundings.cycle],
  [2, surroundings.startOriginal],
  [3, surroundings.crash],
  [3, surroundings.trap],
];

const any = fc.oneof(...shares.map(([weight, arbitrary]) => ({ weight, arbitrary })));

export const sequenceOf = (maxCommands: number, replayPath: string | null) =>
  fc.noBias(fc.commands([any], { maxCommands, size: "max", ...(replayPath === null ? {} : { replayPath }) }));
