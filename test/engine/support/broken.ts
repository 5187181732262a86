/** Compilers and schedules with one rule broken on purpose: what the properties have to notice. */
import { isGood, type StepNode, type StepStatus } from "../../../src/engine/model.ts";
import { createSchedule } from "../../../src/engine/schedule.ts";
import type { RuleName } from "./rules.ts";

type Breaking = (nodes: readonly StepNode[]) => readonly StepNode[];

const where = (
  matches: (node: StepNode, nodes: readonly StepNode[]) => boolean,
  change: (node: StepNode, nodes: readonly StepNode[]) => Partial<StepNode>,
): Breaking => {
  return (nodes) => nodes.map((node) => (matches(node, nodes) ? Object.assign({ ...node }, change(node, nodes)) : node));
};

const inVm = (node: StepNode, nodes: readonly StepNode[]) => node.parent !== null && nodes[node.parent - 1]?.kind === "VM";
const needsWithout = (kinds: readonly string[]) => (node: StepNode, nodes: readonly StepNode[]) => ({
  needs: node.needs.filter((other) => !kinds.includes(nodes[other - 1]?.kind ?? "")),
});
const isVm = ({ kind }: StepNode) => kind === "VM";
const isGroup = ({ kind }: StepNode) => kind === "PRIORITY_GROUP";

/** What is broken, and the rule that must notice. */
export const brokenTrees: readonly { readonly rule: RuleName; readonly how: string; readonly breaking: Breaking }[] = [
  { rule: "priority groups start in order", how: "groups wait for nothing", breaking: where(isGroup, () => ({ after: [] })) },
  {
    rule: "priority groups start in order",
    how: "groups wait only for the one right before them",
    breaking: where(isGroup, ({ after }) => ({ after: after.slice(-1) })),
  },
  { rule: "tiers start when the one before is ready or failed", how: "no gates", breaking: where(isVm, () => ({ afterGates: [] })) },
  {
    rule: "tiers start when the one before is ready or failed",
    how: "a tier waits only for the one right before it",
    breaking: where(isVm, ({ afterGates }) => ({ afterGates: afterGates.slice(-1) })),
  },
  {
    rule: "tiers start when the one before is ready or failed",
    how: "power-on counts as ready",
    breaking: (nodes) => {
      const isReady = ({ kind, opensGate }: StepNode) => (kind === "READY_CHECK" || kind === "PROBE") && opensGate !== null;
      const gates = new Map(nodes.flatMap((node) => (isReady(node) ? [[node.vmId, node.opensGate] as const] : [])));
      const moved = where(
        (node) => isReady(node) || node.kind === "POWER_ON",
        ({ kind, vmId }) => ({ opensGate: kind === "POWER_ON" ? (gates.get(vmId) ?? null) : null }),
      );
      return moved(nodes);
    },
  },
  {
    rule: "a dependent waits for ready, and is skipped when that fails",
    how: "no dependencies",
    breaking: where(isVm, needsWithout(["READY_CHECK", "PROBE", "REGISTER_VM", "CUSTOMISE_IP"])),
  },
  {
    rule: "a dependent waits for ready, and is skipped when that fails",
    how: "dependents wait, but do not need it",
    breaking: where(isVm, ({ needs }) => ({ needs: [], after: needs })),
  },
  { rule: "pre-power-on steps, VMs, post-power-on steps", how: "VMs wait for no step", breaking: where(isVm, () => ({ after: [] })) },
  {
    rule: "pre-power-on steps, VMs, post-power-on steps",
    how: "steps wait for nothing",
    breaking: where(
      ({ planStepId }) => planStepId !== null,
      () => ({ after: [] }),
    ),
  },
  {
    rule: "a VM's steps come one after the other, and need each other",
    how: "steps of a VM wait for nothing",
    breaking: where(inVm, () => ({ needs: [], after: [] })),
  },
  {
    rule: "a VM's steps come one after the other, and need each other",
    how: "steps of a VM wait, but do not need each other",
    breaking: where(inVm, ({ needs, after }) => ({ needs: [], after: [...after, ...needs] })),
  },
  {
    rule: "storage and networks come before what uses them",
    how: "VMs need no snapshot",
    breaking: where(isVm, needsWithout(["CREATE_SNAPSHOT"])),
  },
  {
    rule: "storage and networks come before what uses them",
    how: "VMs need no network",
    breaking: where(isVm, needsWithout(["CREATE_TEST_NETWORK"])),
  },
  {
    rule: "storage and networks come before what uses them",
    how: "snapshots do not wait for their synchronisation",
    breaking: where(
      ({ kind }) => kind === "CREATE_SNAPSHOT",
      () => ({ after: [] }),
    ),
  },
  {
    rule: "a recovery leaves the protected site in good order, then promotes, then starts VMs",
    how: "groups are promoted before the others are synchronised",
    breaking: where(
      ({ kind }) => kind === "PROMOTE",
      () => ({ after: [] }),
    ),
  },
  {
    rule: "a recovery leaves the protected site in good order, then promotes, then starts VMs",
    how: "the last synchronisation waits for no shutdown",
    breaking: where(
      ({ kind }) => kind === "SYNCHRONISE",
      () => ({ after: [] }),
    ),
  },
  {
    rule: "a recovery leaves the protected site in good order, then promotes, then starts VMs",
    how: "VMs need no promoted storage",
    breaking: where(isVm, needsWithout(["PROMOTE_STORAGE"])),
  },
  {
    rule: "protected VMs are shut down in the exact reverse of the start order",
    how: "a VM is off only after the tier right before it",
    breaking: where(
      ({ kind }) => kind === "SHUT_DOWN_VM",
      ({ afterGates }) => ({ afterGates: afterGates.slice(0, -1) }),
    ),
  },
  {
    rule: "protected VMs are shut down in the exact reverse of the start order",
    how: "dependents do not go first",
    breaking: where(
      ({ kind }) => kind === "SHUT_DOWN_VM",
      () => ({ after: [] }),
    ),
  },
  {
    rule: "what a planned recovery has changed is put back last, storage first, then VMs in their order",
    how: "VMs are powered on in any order",
    breaking: where(
      ({ kind }) => kind === "POWER_ON_SOURCE",
      () => ({ afterGates: [] }),
    ),
  },
  {
    rule: "what a planned recovery has changed is put back last, storage first, then VMs in their order",
    how: "VMs wait for no storage",
    breaking: where(
      ({ kind }) => kind === "POWER_ON_SOURCE",
      () => ({ after: [] }),
    ),
  },
  {
    rule: "every step is reached",
    how: "a VM waits for its own ready check",
    breaking: where(isVm, ({ ordinal, after }, nodes) => ({
      after: [...after, nodes.find(({ parent }) => parent === ordinal)?.ordinal ?? ordinal],
    })),
  },
];

type Create = typeof createSchedule;

/** A failure goes unheard: who needs the step goes on. */
export const deaf: Create = (nodes, statuses) => {
  const { schedule, decided } = createSchedule(nodes, statuses);
  const settle: typeof schedule.settle = (ordinal, status) => schedule.settle(ordinal, isGood(status) ? status : "SUCCEEDED");
  return { schedule: wrapped(schedule, { settle }), decided };
};

/** One of the steps that may start is never shown. */
export const forgetful: Create = (nodes, statuses) => {
  const { schedule, decided } = createSchedule(nodes, statuses);
  return { schedule: wrapped(schedule, { ready: () => schedule.ready().filter((ordinal) => ordinal % 7 !== 3) }), decided };
};

/** Cancelling does not reach what is not ready yet. */
export const halfHearted: Create = (nodes, statuses) => {
  const { schedule, decided } = createSchedule(nodes, statuses);
  return { schedule: wrapped(schedule, { cancel: () => [] }), decided };
};

type Schedule = ReturnType<Create>["schedule"];

const wrapped = (schedule: Schedule, changed: Partial<Schedule>): Schedule => ({
  ready: () => schedule.ready(),
  readyFor: (most, slots) => schedule.readyFor(most, slots),
  hasReady: () => schedule.hasReady(),
  status: (ordinal) => schedule.status(ordinal),
  start: (ordinal, status) => schedule.start(ordinal, status),
  hold: (ordinal) => schedule.hold(ordinal),
  settle: (ordinal, status) => schedule.settle(ordinal, status),
  skipRestOfPhase: (ordinal, reason) => schedule.skipRestOfPhase(ordinal, reason),
  cancel: (reason) => schedule.cancel(reason),
  active: () => schedule.active(),
  firstActive: () => schedule.firstActive(),
  waits: () => schedule.waits(),
  isOver: () => schedule.isOver(),
  rollBack: () => schedule.rollBack(),
  release: (ordinal) => schedule.release(ordinal),
  ...changed,
});

/** The newest end is lost, as when it was acted upon before it was written. */
export const lossy = (statuses: ReadonlyMap<number, StepStatus>): ReadonlyMap<number, StepStatus> => {
  const last = [...statuses].filter(([, status]) => isGood(status)).at(-1)?.[0];
  return new Map([...statuses].filter(([ordinal]) => ordinal !== last));
};
