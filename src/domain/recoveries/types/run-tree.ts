/** All steps of a run, read at one moment, and what follows from them: children, roll-ups, expected times, what a step waits for. */
import { type Expected, type Forecast, forecast, weightOf } from "../../../engine/forecast.ts";
import { isContainer, isContainerKind, isSettled, type StepStatus } from "../../../engine/model.ts";
import { type WaitingFor, waitingFor } from "../../../engine/waiting.ts";
import type { StepRow } from "./refs.ts";

export class RunTree {
  readonly #steps: readonly StepRow[];
  readonly #slotsPerSite: number;
  #children: ReadonlyMap<number | null, readonly StepRow[]> | null = null;
  #forecast: Forecast | null = null;
  #active: readonly number[] | null = null;

  /** `steps` in order of their ordinals, which have no gap. */
  constructor(steps: readonly StepRow[], slotsPerSite: number) {
    this.#steps = steps;
    this.#slotsPerSite = slotsPerSite;
  }

  step(ordinal: number): StepRow | null {
    return this.#steps[ordinal - 1] ?? null;
  }

  /** In order of their ordinals. */
  all(): readonly StepRow[] {
    return this.#steps;
  }

  byPath(path: string): StepRow | null {
    return this.#steps.find((step) => step.path === path) ?? null;
  }

  /** Of the run itself for null. */
  children(ordinal: number | null): readonly StepRow[] {
    this.#children ??= Map.groupBy(this.#steps, ({ parent }) => parent);
    return this.#children.get(ordinal) ?? [];
  }

  /** A step with all that is below it: in depth-first order these are neighbours. */
  subtree(top: StepRow): readonly StepRow[] {
    const below = `${top.path}.`;
    let end = top.ordinal;
    while (this.#steps[end]?.path.startsWith(below)) end++;
    return this.#steps.slice(top.ordinal - 1, end);
  }

  expected(ordinal: number): Expected {
    return this.#forecasted().of(ordinal);
  }

  /** Of the first step under way that works on one; null: none does. */
  currentVm(): string | null {
    const isAtWork = ({ kind, status, vmId }: StepRow) =>
      vmId !== null && !isContainerKind(kind) && (status === "RUNNING" || status === "WAITING");
    return this.#steps.find(isAtWork)?.vmId ?? null;
  }

  /** Prompts, and pauses without end, that hold the run up. */
  blockedBy(): readonly StepRow[] {
    return this.#pick(this.#steps.length === 0 ? [] : this.#forecasted().blockedBy);
  }

  waitingFor({ ordinal }: StepRow): { readonly kind: WaitingFor["kind"]; readonly steps: readonly StepRow[] } | null {
    const wait = waitingFor(this.#steps, this.#status, ordinal, { retrying: this.#retrying, active: this.#actives });
    return wait && { kind: wait.kind, steps: this.#pick(wait.steps) };
  }

  /** A container's is that of its leaves, weighted by how long they were expected to take. */
  progress(step: StepRow): number {
    if (isSettled(step.status)) return 100;
    if (!isContainer(step)) return step.progressPercent;
    let all = 0;
    let done = 0;
    for (const leaf of this.subtree(step)) {
      if (isContainer(leaf)) continue;
      const weight = weightOf(leaf);
      all += weight;
      done += (weight * (leaf.status === "CANCELLED" ? 0 : isSettled(leaf.status) ? 100 : leaf.progressPercent)) / 100;
    }
    return all === 0 ? 0 : Math.min(99, Math.floor((done / all) * 100));
  }

  firstFailure(step: StepRow): StepRow | null {
    return this.subtree(step).find((below) => below.status === "FAILED" && !isContainer(below)) ?? null;
  }

  #status = (ordinal: number): StepStatus => this.step(ordinal)?.status ?? "PENDING";

  /** A leaf at work with a time before it: it tries again then. */
  #retrying = (ordinal: number): boolean => {
    const step = this.step(ordinal);
    return step?.status === "RUNNING" && step.dueAt !== null && step.kind !== "READY_CHECK" && step.kind !== "STARTUP_DELAY";
  };

  #actives = (): readonly number[] => {
    this.#active ??= this.#steps.filter(({ status }) => status === "RUNNING" || status === "WAITING").map(({ ordinal }) => ordinal);
    return this.#active;
  };

  #forecasted(): Forecast {
    this.#forecast ??= forecast(
      this.#steps.map((step) => ({ ...facts(step), node: step })),
      this.#steps[0]?.now ?? 0,
      this.#slotsPerSite,
    );
    return this.#forecast;
  }

  #pick(ordinals: readonly number[]): readonly StepRow[] {
    return ordinals.flatMap((ordinal) => this.step(ordinal) ?? []);
  }
}

const facts = ({ status, startedAt, endedAt, dueAt }: StepRow) => ({ status, startedAt, endedAt, dueAt });
