/** What a step that does not move waits for, for people. Pure; costs what the step itself waits for (see `active` for slots). */
import { isSettled, type StepNode, type StepStatus, slotSite } from "./model.ts";

export type WaitingKind = "BARRIER" | "DEPENDENCY" | "SLOT" | "PROMPT" | "PAUSE" | "DELAY" | "RETRY" | "SITE";

export interface WaitingFor {
  readonly kind: WaitingKind;
  /** Ordinals of the steps that are waited for; the step itself when it waits for a person, a time or a site. */
  readonly steps: readonly number[];
}

/** What statuses alone don't tell. */
export interface WaitingHints {
  /** A site's call failed, and the step tries again later. */
  readonly retrying?: (ordinal: number) => boolean;
  readonly disconnected?: (siteId: string) => boolean;
  /** Steps that are RUNNING or WAITING, for who asks about many; else all are looked through for those that hold a slot. */
  readonly active?: () => readonly number[];
}

const isActive = (status: StepStatus): boolean => status === "RUNNING" || status === "WAITING";

/**
 * Null: it is at work, or settled, or starts at once. Outer reasons come first: as long as its priority group has not come up, a VM
 * waits for that. `nodes` are the run's, by ordinal; keep the same array for many questions, its gates are looked up once.
 */
export function waitingFor(
  nodes: readonly StepNode[],
  statuses: (ordinal: number) => StepStatus,
  ordinal: number,
  hints: WaitingHints = {},
): WaitingFor | null {
  const node = nodes[ordinal - 1];
  if (!node) throw new RangeError(`there is no step ${ordinal}`);
  const status = statuses(ordinal);
  if (isSettled(status)) return null;
  if (isActive(status)) return activeWait(node, hints);
  for (const step of withContainers(nodes, node)) {
    const needs = step.needs.filter((other) => !isSettled(statuses(other)));
    if (needs.length > 0) return asActive(nodes, statuses, { kind: "DEPENDENCY", steps: needs });
    const keepers = step.afterGates.flatMap((gate) => gateKeepers(nodes).get(gate) ?? []);
    const barriers = [...step.after, ...keepers].filter((other) => !isSettled(statuses(other)));
    if (barriers.length > 0) return asActive(nodes, statuses, { kind: "BARRIER", steps: barriers });
  }
  return siteWait(nodes, statuses, node, hints);
}

function activeWait({ kind, ordinal, siteId }: StepNode, { retrying, disconnected }: WaitingHints): WaitingFor | null {
  if (kind === "PROMPT" || kind === "PAUSE") return { kind, steps: [ordinal] };
  if (kind === "STARTUP_DELAY") return { kind: "DELAY", steps: [ordinal] };
  if (siteId !== null && disconnected?.(siteId)) return { kind: "SITE", steps: [ordinal] };
  return retrying?.(ordinal) ? { kind: "RETRY", steps: [ordinal] } : null;
}

/** Ready to start, but for a slot of its site or the site itself. */
function siteWait(
  nodes: readonly StepNode[],
  statuses: (ordinal: number) => StepStatus,
  node: StepNode,
  hints: WaitingHints,
): WaitingFor | null {
  if (node.siteId !== null && hints.disconnected?.(node.siteId)) return { kind: "SITE", steps: [node.ordinal] };
  const site = slotSite(node);
  if (site === null) return null;
  const candidates = hints.active ? hints.active().flatMap((ordinal) => nodes[ordinal - 1] ?? []) : nodes;
  const holders = candidates.filter((other) => slotSite(other) === site && isActive(statuses(other.ordinal)));
  return holders.length > 0 ? { kind: "SLOT", steps: holders.map(({ ordinal }) => ordinal) } : null;
}

/** Where a prompt, a pause or a delay is what it waits for, that says more. */
function asActive(nodes: readonly StepNode[], statuses: (ordinal: number) => StepStatus, waiting: WaitingFor): WaitingFor {
  for (const ordinal of waiting.steps) {
    const node = nodes[ordinal - 1];
    const wait = node && isActive(statuses(ordinal)) ? activeWait(node, {}) : null;
    if (wait) return wait;
  }
  return waiting;
}

/** From the outermost container to the step itself. */
function withContainers(nodes: readonly StepNode[], node: StepNode): StepNode[] {
  const path: StepNode[] = [];
  for (let at: StepNode | undefined = node; at; at = at.parent === null ? undefined : nodes[at.parent - 1]) path.unshift(at);
  return path;
}

const gatesOfTrees = new WeakMap<readonly StepNode[], ReadonlyMap<number, readonly number[]>>();

function gateKeepers(nodes: readonly StepNode[]): ReadonlyMap<number, readonly number[]> {
  const found = gatesOfTrees.get(nodes);
  if (found) return found;
  const gates = new Map<number, number[]>();
  for (const { opensGate, ordinal } of nodes) {
    if (opensGate === null) continue;
    const keepers = gates.get(opensGate);
    if (keepers) keepers.push(ordinal);
    else gates.set(opensGate, [ordinal]);
  }
  gatesOfTrees.set(nodes, gates);
  return gates;
}
