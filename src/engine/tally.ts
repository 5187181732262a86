/** How many of a run's VMs are up, and what has failed, kept from write to write: a large run's steps are not counted anew for each of them. */
import type { StepState } from "./batch.ts";
import { isContainer, isGood, type StepStatus } from "./model.ts";
import { type Counts, standsForVm, toldErrors } from "./outcome.ts";
import { Ordinals } from "./schedule/ordinals.ts";

const counts = (status: StepStatus) => ({ succeeded: isGood(status) ? 1 : 0, failed: status === "FAILED" || status === "SKIPPED" ? 1 : 0 });

export class Tally {
  readonly #steps: readonly StepState[];
  /** By index (ordinal - 1): the status that a step is counted with. */
  readonly #counted: StepStatus[];
  readonly #failures: Ordinals;
  #vmCount = 0;
  #vmsSucceeded = 0;
  #vmsFailed = 0;

  constructor(steps: readonly StepState[]) {
    this.#steps = steps;
    this.#counted = steps.map(() => "PENDING");
    this.#failures = new Ordinals(steps.length);
    for (const { node } of steps) if (standsForVm(node)) this.#vmCount++;
    this.note(steps);
  }

  /** These may have another status than before. */
  note(changed: Iterable<StepState>): void {
    for (const { node, status } of changed) {
      const before = this.#counted[node.ordinal - 1] ?? "PENDING";
      if (before === status) continue;
      this.#counted[node.ordinal - 1] = status;
      if (standsForVm(node)) {
        this.#vmsSucceeded += counts(status).succeeded - counts(before).succeeded;
        this.#vmsFailed += counts(status).failed - counts(before).failed;
      }
      if (isContainer(node)) continue;
      if (status === "FAILED") this.#failures.add(node.ordinal);
      else this.#failures.delete(node.ordinal);
    }
  }

  counts(): Counts {
    return { vmCount: this.#vmCount, vmsSucceeded: this.#vmsSucceeded, vmsFailed: this.#vmsFailed };
  }

  errors(): string[] {
    return toldErrors(this.#failures.size, (most) => this.#failures.toArray(most).flatMap((ordinal) => this.#steps[ordinal - 1] ?? []));
  }
}
