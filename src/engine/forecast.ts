/**
 * When a run's steps are expected to start and end, how far it is, and what holds it up. Pure; one call is linear in the number
 * of steps (but for a logarithm where they queue for slots), so it may be made once a second.
 */

import { type Rest, type StepFacts, simulating } from "./forecast/simulate.ts";
import { at, momentGraph } from "./graph.ts";
import { isContainer, isSettled, type StepNode } from "./model.ts";
import { atOnce, type Pieces } from "./pieces.ts";
import { isRollBack } from "./roll-back.ts";

export type { StepFacts };

export interface Expected {
  /** Actual where there is one, else expected; milliseconds since 1970. Null: never started, or nobody knows. */
  readonly start: number | null;
  readonly end: number | null;
}

export interface Forecast {
  of(ordinal: number): Expected;
  /** Null while something blocks the run whose end nobody knows; the end itself when the run is over. */
  readonly estimatedEnd: number | null;
  /** Prompts that are open, and pauses that last until somebody resumes. */
  readonly blockedBy: readonly number[];
  /** 0–100, 100 only when every step is settled and none was cancelled. */
  readonly progressPercent: number;
  /** The longest chain of leaves from now to the end; what blocks the run counts as if it were over at once. */
  readonly criticalPath: readonly number[];
}

export interface Forecaster {
  /** `now` in milliseconds since 1970, by the same clock as the facts. */
  at(now: number, facts: (ordinal: number) => StepFacts): Forecast;
  /** The same in pieces, between which the facts must not change. */
  looking(now: number, facts: (ordinal: number) => StepFacts): Pieces<Forecast>;
}

export const defaultSlotsPerSite = 20;

/** What depends on the tree only is done once per run. */
export const createForecaster = (...given: Parameters<typeof makingForecaster>): Forecaster => atOnce(makingForecaster(...given));

export function* makingForecaster(nodes: readonly StepNode[], slotsPerSite: number = defaultSlotsPerSite): Pieces<Forecaster> {
  const graph = yield* momentGraph(nodes);
  const forecaster: Forecaster = {
    at: (now, facts) => atOnce(forecaster.looking(now, facts)),
    *looking(now, facts) {
      const blockedBy = nodes.filter((node) => blocks(node, facts(node.ordinal))).map(({ ordinal }) => ordinal);
      const play = { nodes, graph, slotsPerSite, now, facts };
      const rest = yield* simulating({
        ...play,
        activeEnd: (node, known) => (blocks(node, known) ? Number.POSITIVE_INFINITY : activeEnd(node, known, now)),
      });
      // For the chain it matters what comes behind a prompt, so there it is answered at once.
      const unblocked =
        blockedBy.length === 0 ? rest : yield* simulating({ ...play, activeEnd: (node, known) => activeEnd(node, known, now) });
      yield;
      const { starts, ends } = timesOf(nodes, rest, facts);
      yield;
      // A roll-back is held, and part of no forecast, until it is under way.
      const counts = isRollingBack(nodes, facts) ? () => true : (index: number) => !isRollBack(nodes[index] ?? { kind: "" });
      const last = ends.reduce((latest, end, index) => Math.max(latest, Number.isNaN(end) || !counts(index) ? 0 : end), 0);
      return {
        of: (ordinal) => (counts(ordinal - 1) ? { start: known(starts[ordinal - 1]), end: known(ends[ordinal - 1]) } : nobodyKnows),
        estimatedEnd: blockedBy.length > 0 || last === 0 ? null : known(last),
        blockedBy,
        progressPercent: progressOf(nodes, facts, now),
        criticalPath: chainOf(nodes, unblocked, facts, counts),
      };
    },
  };
  return forecaster;
}

const nobodyKnows: Expected = { start: null, end: null };

/** All else is over, some of it by a cancellation. */
function isRollingBack(nodes: readonly StepNode[], facts: (ordinal: number) => StepFacts): boolean {
  let cancelled = false;
  for (const node of nodes) {
    if (isContainer(node) || isRollBack(node)) continue;
    const { status } = facts(node.ordinal);
    if (!isSettled(status)) return false;
    cancelled ||= status === "CANCELLED";
  }
  return cancelled;
}

const forecasters = new WeakMap<object, Forecaster>();

/** How far such a run is, without the rest of the forecast. */
export function progress(steps: readonly (StepFacts & { readonly node: StepNode })[], now: number): number {
  return progressOf(
    steps.map(({ node }) => node),
    (ordinal) => factsOf(steps, ordinal),
    now,
  );
}

function factsOf(steps: readonly StepFacts[], ordinal: number): StepFacts {
  const step = steps[ordinal - 1];
  if (!step) throw new RangeError(`there is no step ${ordinal}`);
  return step;
}

/** For a run whose steps stay in one array, by ordinal: the forecaster is made at the first call. `facts`: the steps' own, if they don't change meanwhile. */
export const forecast = (...given: Parameters<typeof forecasting>): Forecast => atOnce(forecasting(...given));

export function* forecasting(
  steps: readonly (StepFacts & { readonly node: StepNode })[],
  now: number,
  slotsPerSite?: number,
  facts: readonly StepFacts[] = steps,
): Pieces<Forecast> {
  let forecaster = forecasters.get(steps);
  if (!forecaster) {
    const nodes = steps.map(({ node }) => node);
    forecaster = yield* makingForecaster(nodes, slotsPerSite);
    forecasters.set(steps, forecaster);
  }
  return yield* forecaster.looking(now, (ordinal) => factsOf(facts, ordinal));
}

const known = (time: number | undefined): number | null => (time !== undefined && Number.isFinite(time) ? time : null);

const isActive = ({ status }: StepFacts) => status === "RUNNING" || status === "WAITING";

/** Only people end it, or its end is theirs to make: the default answer of a prompt is no forecast. */
export const blocks = (node: StepNode, facts: StepFacts): boolean =>
  isActive(facts) && (node.kind === "PROMPT" || (node.kind === "PAUSE" && facts.dueAt === null));

/** A step that takes longer than expected ends "soon", and soon is later the longer it takes. */
function activeEnd(node: StepNode, facts: StepFacts, now: number): number {
  if (blocks(node, facts)) return now;
  if (facts.dueAt !== null && (node.kind === "STARTUP_DELAY" || node.kind === "PAUSE")) return Math.max(facts.dueAt, now);
  const start = facts.startedAt ?? now;
  return Math.max(start + node.expectedSeconds * 1000, now + Math.max(1000, (now - start) / 10));
}

/** Of every step, also settled ones and containers. NaN: it never started. Infinity: nobody knows. */
function timesOf(nodes: readonly StepNode[], rest: Rest, facts: (ordinal: number) => StepFacts) {
  const starts = Float64Array.from(rest.starts);
  const ends = Float64Array.from(rest.ends);
  for (const node of nodes) {
    const index = node.ordinal - 1;
    const { status, startedAt, endedAt } = facts(node.ordinal);
    if (isContainer(node)) starts[index] = ends[index] = Number.NaN;
    else if (isSettled(status)) {
      starts[index] = startedAt ?? Number.NaN;
      ends[index] = endedAt ?? Number.NaN;
    }
  }
  for (let index = nodes.length - 1; index >= 0; index--) {
    const parent = (nodes[index]?.parent ?? 0) - 1;
    if (parent < 0) continue;
    starts[parent] = earlier(at(starts, parent), at(starts, index));
    ends[parent] = later(at(ends, parent), at(ends, index));
  }
  return { starts, ends };
}

const earlier = (a: number, b: number) => (Number.isNaN(a) || b < a ? b : a);
const later = (a: number, b: number) => (Number.isNaN(a) || b > a ? b : a);

/** How much of its run a leaf is, in seconds. A wait that only people end is no part of the work, however long it took the last time. */
export const weightOf = (node: StepNode): number =>
  node.kind === "PROMPT" || (node.kind === "PAUSE" && node.spec.durationSeconds === null) ? 0 : Math.max(1, node.expectedSeconds);

/** Weighted by expected durations; an active leaf counts by its time, up to nine tenths, and a cancelled one was not done; the way back is no part of it. */
function progressOf(nodes: readonly StepNode[], facts: (ordinal: number) => StepFacts, now: number): number {
  let all = 0;
  let done = 0;
  let over = true;
  for (const node of nodes) {
    if (isContainer(node)) continue;
    const step = facts(node.ordinal);
    const weight = isRollBack(node) ? 0 : weightOf(node);
    all += weight;
    over &&= isSettled(step.status) && step.status !== "CANCELLED";
    if (isSettled(step.status)) done += step.status === "CANCELLED" ? 0 : weight;
    else if (isActive(step) && step.startedAt !== null) done += Math.min(0.9 * weight, Math.max(0, now - step.startedAt) / 1000);
  }
  if (over) return 100;
  return all === 0 ? 0 : Math.min(99, Math.floor((done / all) * 100));
}

/** Back from the leaf that ends last, each time to the one at whose end it started. */
function chainOf(
  nodes: readonly StepNode[],
  { ends, causes }: Rest,
  facts: (ordinal: number) => StepFacts,
  counts: (index: number) => boolean,
): number[] {
  let last = -1;
  for (const node of nodes) {
    const index = node.ordinal - 1;
    const isOpen = !isContainer(node) && counts(index) && !isSettled(facts(node.ordinal).status);
    if (isOpen && (last < 0 || at(ends, index) > at(ends, last))) last = index;
  }
  const chain: number[] = [];
  for (let index = last; index >= 0; index = at(causes, index)) chain.push(index + 1);
  return chain.reverse();
}
