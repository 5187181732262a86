/**
 * The order rules of a run, as workflows.md has them, judged by what happened when: from the snapshot, the tree and its kinds, never from
 * the edges that the compiler made.
 */
import { vmTiers } from "../../../src/engine/cycles.ts";
import { isContainer, isGood, isSettled, type StepNode } from "../../../src/engine/model.ts";
import { isRollBack } from "../../../src/engine/roll-back.ts";
import type { RisingSnapshot } from "../../../src/engine/run-snapshot.ts";
import type { Played } from "./play.ts";

export type Rule = (played: Played, snapshot: RisingSnapshot) => readonly string[];

/** What rules ask of a run that was played. */
function view({ nodes, started, ended, statuses }: Played) {
  const children = Map.groupBy(nodes, ({ parent }) => parent);
  const leaves = (node: StepNode): StepNode[] => (isContainer(node) ? (children.get(node.ordinal) ?? []).flatMap(leaves) : [node]);
  const vms = new Map(nodes.flatMap((node) => (node.kind === "VM" ? [[node.vmId, node] as const] : [])));
  const steps = (node: StepNode) => children.get(node.ordinal) ?? [];
  return {
    steps,
    leaves,
    vms,
    groups: nodes.filter(({ kind }) => kind === "PRIORITY_GROUP"),
    vmsIn: (group: StepNode) => steps(group).filter(({ kind }) => kind === "VM"),
    phase: (group: StepNode, phase: string) => steps(group).filter((step) => step.phase === phase),
    /** The step at whose end the VM is ready. */
    ready: (vm: StepNode) => steps(vm).findLast(({ kind }) => kind === "READY_CHECK" || kind === "PROBE") ?? steps(vm).at(-1),
    good: (node: StepNode | undefined) => node !== undefined && isGood(statuses.get(node.ordinal) ?? "PENDING"),
    /** The first start in these, Infinity when none of them started. */
    start: (list: readonly StepNode[]) => min(list.flatMap(leaves).map(({ ordinal }) => started.get(ordinal) ?? Number.POSITIVE_INFINITY)),
    /** The last end in these, Infinity while one goes on. */
    end: (list: readonly StepNode[]) => max(list.flatMap(leaves).map(({ ordinal }) => ended.get(ordinal) ?? Number.POSITIVE_INFINITY)),
  };
}

const min = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
const max = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), 0);
const wrong = (is: boolean, text: () => string): string[] => (is ? [text()] : []);

const priorityGroups: Rule = (played) => {
  const { groups, start, end } = view(played);
  let before = 0;
  return groups.flatMap((group) => {
    const found = wrong(start([group]) < before, () => `${group.name} started before those in front of it were over`);
    before = Math.max(before, end([group]));
    return found;
  });
};

const tiers: Rule = (played, snapshot) => {
  const { groups, vmsIn, ready, start, end } = view(played);
  const priorities = new Map(snapshot.vms.map(({ id, priority }) => [id, priority]));
  return groups.flatMap((group) => {
    const members = Map.groupBy(vmsIn(group), ({ vmId }) => priorities.get(vmId ?? ""));
    let before = 0;
    return vmTiers.flatMap((tier) => {
      const vms = members.get(tier) ?? [];
      const found = wrong(start(vms) < before, () => `${tier} of ${group.name} started before a higher tier was ready`);
      before = Math.max(before, end(vms.flatMap((vm) => ready(vm) ?? [])));
      return found;
    });
  });
};

const dependencies: Rule = (played, snapshot) => {
  const { vms, ready, start, end, good } = view(played);
  return snapshot.vms.flatMap((vm) =>
    vm.dependsOn.flatMap((id) => {
      const [own, other] = [vms.get(vm.id), vms.get(id)];
      const point = other && ready(other);
      if (!own || !point || start([own]) === Number.POSITIVE_INFINITY) return [];
      return wrong(start([own]) < end([point]) || !good(point), () => `${vm.name} started although ${other.name} was not ready`);
    }),
  );
};

const aroundVms: Rule = (played) => {
  const { groups, phase, vmsIn, start, end, leaves } = view(played);
  // Steps that a test leaves out, or that ask a site that is away, are over before anything else, and nobody waits for them.
  const real = (list: readonly StepNode[]) => list.filter(({ skipReason, warnReason }) => skipReason === null && warnReason === null);
  return groups.flatMap((group) => {
    const pre = real(phase(group, "PRE_POWER_ON"));
    const post = real(phase(group, "POST_POWER_ON"));
    const vms = vmsIn(group);
    const sequence = [pre, post].flatMap((steps) =>
      steps.flatMap((step, index) => wrong(start([step]) < end(steps.slice(0, index)), () => `${step.name} did not wait for its turn`)),
    );
    const earlyVm = wrong(start(vms) < end(pre), () => `a VM of ${group.name} started before its pre-power-on steps were over`);
    const earlyPost = wrong(
      start(post) < end([...pre, ...vms.flatMap(leaves)]),
      () => `${group.name}: post-power-on before its VMs were over`,
    );
    return [...sequence, ...earlyVm, ...earlyPost];
  });
};

const vmOrder = ["STARTUP_DELAY", "COMMAND", "REGISTER_VM", "POWER_ON", "READY_CHECK", "PROBE"];

const insideVm: Rule = (played) => {
  const { vms, steps, start, end, good } = view(played);
  return [...vms.values()].flatMap((vm) => {
    const own = steps(vm).filter(({ phase, skipReason }) => phase !== "POST_POWER_ON" && skipReason === null);
    const known = own.map(({ kind }) => vmOrder.indexOf(kind)).filter((place) => place >= 0);
    const order = wrong(
      known.some((place, index) => place < (known[index - 1] ?? -1)),
      () => `${vm.name}: its steps are in a wrong order`,
    );
    const all = steps(vm).filter(({ skipReason }) => skipReason === null);
    const waits = all.flatMap((step, index) => {
      const before = all.slice(0, index);
      const needed = before.filter(({ phase }) => phase !== "POST_POWER_ON");
      const early = start([step]) < end(before) || (start([step]) < Number.POSITIVE_INFINITY && !needed.every(good));
      return wrong(early, () => `${step.name} started although what is before it had not ended well`);
    });
    return [...order, ...waits];
  });
};

const storageFirst: Rule = (played, snapshot) => {
  if (snapshot.kind !== "TEST") return [];
  const { vms, start, end, good, groups, phase } = view(played);
  const of = (kind: string) => played.nodes.filter((node) => node.kind === kind);
  const [synchronised, snapshots, networks] = [of("SYNCHRONISE"), of("CREATE_SNAPSHOT"), of("CREATE_TEST_NETWORK")];
  const earlySnapshots = snapshots.flatMap((node) => {
    const own = synchronised.filter(({ groupId }) => groupId === node.groupId);
    return wrong(start([node]) < end(own), () => `${node.name} before its group was synchronised`);
  });
  const earlyVms = snapshot.vms.flatMap((vm) => {
    const own = vms.get(vm.id);
    const used = new Set(vm.nics.map(({ testNetwork }) => `CREATE_TEST_NETWORK:${testNetwork}`));
    const needed = [...snapshots.filter(({ groupId }) => groupId === vm.groupId), ...networks.filter(({ key }) => used.has(key))];
    if (!own || start([own]) === Number.POSITIVE_INFINITY) return [];
    return wrong(start([own]) < end(needed) || !needed.every(good), () => `${vm.name} started without its storage or network`);
  });
  const steps = groups.flatMap((group) => [...phase(group, "PRE_POWER_ON"), ...phase(group, "POST_POWER_ON")]);
  const earlySteps = wrong(
    start(steps) < end([...synchronised, ...snapshots, ...networks]),
    () => "a plan's step started before the storage was made",
  );
  return [...earlySnapshots, ...earlyVms, ...earlySteps];
};

const storageOf = (nodes: readonly StepNode[]) => {
  const of = (...kinds: readonly StepNode["kind"][]) => nodes.filter(({ kind }) => kinds.includes(kind));
  const inPhase = (kind: StepNode["kind"]) => of("SYNCHRONISE").filter(({ parent }) => parent !== null && nodes[parent - 1]?.kind === kind);
  return { of, early: inPhase("PRE_SYNCHRONISE"), final: inPhase("FINAL_SYNCHRONISE") };
};

/** Each group: synchronised, its VMs off, its storage closed, synchronised again; then all are promoted, and then VMs come up. */
const recoverySequence: Rule = (played, snapshot) => {
  if (snapshot.kind === "TEST") return [];
  const { start, end, good, vms } = view(played);
  const { of, early, final } = storageOf(played.nodes);
  const [fence, off, closed, promoted] = [of("FENCE_SITE"), of("SHUT_DOWN_VM"), of("SET_STORAGE_READ_ONLY"), of("PROMOTE_STORAGE")];
  const before = [...fence, ...early, ...off, ...closed, ...final];
  const order = snapshot.groups.flatMap(({ id, name }) => {
    const own = (list: readonly StepNode[]) => list.filter(({ groupId }) => groupId === id);
    return [
      ...wrong(start(own(closed)) < end([...own(off), ...own(early)]), () => `${name} was closed before its VMs were off`),
      ...wrong(start(own(final)) < end([...own(off), ...own(closed)]), () => `${name} was synchronised for the last time too early`),
    ];
  });
  const earlyVms = snapshot.vms.flatMap((vm) => {
    const own = vms.get(vm.id);
    const made = promoted.filter(({ groupId }) => groupId === vm.groupId);
    if (!own || start([own]) === Number.POSITIVE_INFINITY) return [];
    return wrong(start([own]) < end([...before, ...made]) || !made.every(good), () => `${vm.name} came up before its storage was there`);
  });
  return [
    ...wrong(
      start([...early, ...off, ...closed, ...final, ...promoted]) < end(fence),
      () => "something was done before the fence had settled",
    ),
    ...wrong(start(off) < end(early), () => "a VM was shut down before all groups were synchronised"),
    ...wrong(start(promoted) < end(before), () => "a group was promoted before all were left in good order"),
    ...order,
    ...earlyVms,
  ];
};

const shutDownInReverse: Rule = (played, snapshot) => {
  if (snapshot.kind === "TEST") return [];
  const { start, end } = view(played);
  const steps = new Map(played.nodes.flatMap((node) => (node.kind === "SHUT_DOWN_VM" ? [[node.vmId, node] as const] : [])));
  const priorityOf = new Map(snapshot.priorityGroups.flatMap(({ groupIds, priority }) => groupIds.map((id) => [id, priority] as const)));
  const place = (vm: (typeof snapshot.vms)[number]) => (priorityOf.get(vm.groupId) ?? 0) * 10 + vmTiers.indexOf(vm.priority);
  const of = (list: readonly (typeof snapshot.vms)[number][]) => list.flatMap(({ id }) => steps.get(id) ?? []);
  const byPlace = [...Map.groupBy(snapshot.vms, place)].sort(([a], [b]) => b - a);
  let before = 0;
  const positions = byPlace.flatMap(([, members]) => {
    const found = wrong(start(of(members)) < before, () => `${members[0]?.name} was shut down before those that start after it`);
    before = Math.max(before, end(of(members)));
    return found;
  });
  const dependents = snapshot.vms.flatMap((vm) => {
    const others = snapshot.vms.filter(({ id }) => vm.dependsOn.includes(id));
    return wrong(
      others.some((other) => start(of([other])) < end(of([vm]))),
      () => `what ${vm.name} depends on was shut down before it`,
    );
  });
  return [...positions, ...dependents];
};

/** Nothing is put back while anything else goes on; a group's storage comes before its VMs, and these in the order in which they start. */
const rollBack: Rule = (played, snapshot) => {
  const { start, end, leaves } = view(played);
  const [way, rest] = [true, false].map((is) => played.nodes.filter((node) => !isContainer(node) && isRollBack(node) === is));
  const steps = new Map(played.nodes.flatMap((node) => (node.kind === "POWER_ON_SOURCE" ? [[node.vmId, node] as const] : [])));
  const of = (list: readonly (typeof snapshot.vms)[number][]) => list.flatMap(({ id }) => steps.get(id) ?? []);
  const priorityOf = new Map(snapshot.priorityGroups.flatMap(({ groupIds, priority }) => groupIds.map((id) => [id, priority] as const)));
  const place = (vm: (typeof snapshot.vms)[number]) => (priorityOf.get(vm.groupId) ?? 0) * 10 + vmTiers.indexOf(vm.priority);
  let before = 0;
  const order = [...Map.groupBy(snapshot.vms, place)]
    .sort(([a], [b]) => a - b)
    .flatMap(([, members]) => {
      const found = wrong(start(of(members)) < before, () => `${members[0]?.name} was powered on again before those that start before it`);
      before = Math.max(before, end(of(members)));
      return found;
    });
  const each = snapshot.vms.flatMap((vm) => {
    const storage = played.nodes.filter(({ kind, groupId }) => kind === "SET_STORAGE_WRITABLE" && groupId === vm.groupId);
    const others = of(snapshot.vms.filter(({ id }) => vm.dependsOn.includes(id)));
    return wrong(
      start(of([vm])) < end([...storage, ...others]),
      () => `${vm.name} was powered on again before its storage and what it needs`,
    );
  });
  return [
    ...wrong(start(way ?? []) < end((rest ?? []).flatMap(leaves)), () => "something was put back while the run went on"),
    ...order,
    ...each,
  ];
};

/** A container is over when all in it is, and no earlier; every step comes to an end. */
const reachesAll: Rule = ({ nodes, stuck, statuses }) => [
  ...stuck.map((ordinal) => `${nodes[ordinal - 1]?.path} ${nodes[ordinal - 1]?.name} was never reached`),
  ...nodes.filter(({ ordinal }) => !isSettled(statuses.get(ordinal) ?? "PENDING")).map(({ path }) => `${path} is not settled`),
];

export const rules = {
  "priority groups start in order": priorityGroups,
  "tiers start when the one before is ready or failed": tiers,
  "a dependent waits for ready, and is skipped when that fails": dependencies,
  "pre-power-on steps, VMs, post-power-on steps": aroundVms,
  "a VM's steps come one after the other, and need each other": insideVm,
  "storage and networks come before what uses them": storageFirst,
  "a recovery leaves the protected site in good order, then promotes, then starts VMs": recoverySequence,
  "protected VMs are shut down in the exact reverse of the start order": shutDownInReverse,
  "what a planned recovery has changed is put back last, storage first, then VMs in their order": rollBack,
  "every step is reached": reachesAll,
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof rules;

export const violations = (played: Played, snapshot: RisingSnapshot): string[] =>
  Object.values(rules).flatMap((rule) => rule(played, snapshot));
