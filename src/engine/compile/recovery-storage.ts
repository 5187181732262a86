/**
 * What a recovery does before its VMs: the protected site is left in good order, and the recovery site's replicas become its own storage.
 * No step needs one of the protected site to have ended well, it only comes after it: whether a failure there stops the run is not the
 * tree's to say (failure.ts). What was made permanent can't be taken back, so no group is promoted before all are synchronised.
 */
import type { ContainerKind, ResultOf } from "../model.ts";
import type { RecoverySnapshot, SnapshotRecoveryGroup, SnapshotVm } from "../run-snapshot.ts";
import { CompileError } from "./error.ts";
import { addShutDown } from "./shut-down.ts";
import { siteRef, unreachable } from "./sites.ts";
import type { Storage } from "./storage.ts";
import type { LeafContent, StepDetails, Tree } from "./tree.ts";

/** Steps side by side in a container of their own, each about one group. */
interface Phase {
  /** None when there is nothing to do. */
  readonly container: readonly number[];
  of(groupId: string): readonly number[];
}

export function addRecoveryStorage(tree: Tree, snapshot: RecoverySnapshot): Storage {
  const fence = addFence(tree, snapshot);
  const early = addSynchronisation(tree, snapshot, "PRE_SYNCHRONISE", fence, () => []);
  const before = [...fence, ...early.container];
  const off = addShutDown(tree, snapshot, before);
  const closed = addReadOnly(tree, snapshot, before, off);
  const final = addSynchronisation(tree, snapshot, "FINAL_SYNCHRONISE", before, (id) => [...off.of(id), ...closed.of(id)]);
  const first = [...before, ...off.container, ...closed.container, ...final.container];
  const promoted = addPromotion(tree, snapshot, first, (id) => [...final.of(id), ...early.of(id)]);
  return {
    first,
    containers: [...first, ...promoted.container],
    made: new Map(snapshot.groups.flatMap(({ id }) => promoted.of(id).map((ordinal) => [id, ordinal] as const))),
    nicsOf: (vm) => nicsOf(snapshot, vm),
  };
}

/** Of a site that can't be reached nothing is asked: that it is not fenced was accepted at the start. */
function addFence(tree: Tree, snapshot: RecoverySnapshot): readonly number[] {
  if (snapshot.kind !== "DISASTER" || unreachable(snapshot) !== null || snapshot.vms.length === 0) return [];
  const site = siteRef(snapshot.protectedSite);
  const name = `Fence ${snapshot.protectedSite.name}`;
  const parent = tree.container(null, "FENCE", { name });
  const spec = { site, vmIds: snapshot.vms.map(({ externalId }) => externalId) };
  tree.leaf(parent, { kind: "FENCE_SITE", spec }, { name: "Power off the protected VMs", siteId: site.siteId });
  return [parent];
}

const synchronisations = {
  PRE_SYNCHRONISE: { title: "Synchronise storage", of: (id: string) => [id], verb: "Synchronise" },
  FINAL_SYNCHRONISE: { title: "Synchronise for the last time", of: (id: string) => [id, "final"], verb: "Synchronise the last changes of" },
} as const;

/** A point that was asked for is taken as it is. A planned recovery always takes the last changes along. */
function addSynchronisation(
  tree: Tree,
  snapshot: RecoverySnapshot,
  kind: keyof typeof synchronisations,
  before: readonly number[],
  afterOf: (groupId: string) => readonly number[],
): Phase {
  const always = snapshot.kind === "PLANNED" && kind === "FINAL_SYNCHRONISE";
  const groups = snapshot.options.syncData || always ? snapshot.groups.filter(({ pointId }) => pointId === null) : [];
  const site = siteRef(snapshot.recoverySite);
  const { title, of, verb } = synchronisations[kind];
  return addPhase(tree, kind, { name: title, after: before }, groups, ({ id, name, externalId }) => ({
    content: { kind: "SYNCHRONISE", spec: { site, groupId: externalId } },
    details: { of: of(id), name: `${verb} ${name}`, siteId: site.siteId, after: afterOf(id), warnReason: unreachable(snapshot) },
  }));
}

function addReadOnly(tree: Tree, snapshot: RecoverySnapshot, before: readonly number[], off: Phase): Phase {
  const site = siteRef(snapshot.protectedSite);
  const members = Map.groupBy(snapshot.vms, ({ groupId }) => groupId);
  const details = { name: "Make storage read-only", after: before };
  return addPhase(tree, "PROTECT_STORAGE", details, snapshot.groups, ({ id, name, externalId }) => ({
    content: {
      kind: "SET_STORAGE_READ_ONLY",
      spec: { site, groupId: externalId, sourceVmIds: (members.get(id) ?? []).map((vm) => vm.externalId) },
    },
    details: {
      of: [id],
      name: `Make storage of ${name} read-only`,
      siteId: site.siteId,
      after: off.of(id),
      warnReason: unreachable(snapshot),
    },
  }));
}

function addPromotion(
  tree: Tree,
  snapshot: RecoverySnapshot,
  before: readonly number[],
  pointsOf: (groupId: string) => readonly ResultOf[],
): Phase {
  const site = siteRef(snapshot.recoverySite);
  return addPhase(tree, "PROMOTE", { name: "Promote storage", after: before }, snapshot.groups, ({ id, name, externalId, pointId }) => ({
    content: {
      kind: "PROMOTE_STORAGE",
      spec: { site, groupId: externalId, point: pointId === null ? { from: pointsOf(id) } : { id: pointId } },
    },
    details: { of: [id], name: `Promote storage of ${name}`, siteId: site.siteId },
  }));
}

function addPhase(
  tree: Tree,
  kind: ContainerKind,
  container: StepDetails,
  groups: readonly SnapshotRecoveryGroup[],
  stepOf: (group: SnapshotRecoveryGroup) => { readonly content: LeafContent; readonly details: StepDetails },
): Phase {
  if (groups.length === 0) return { container: [], of: () => [] };
  const parent = tree.container(null, kind, container);
  const steps = new Map(
    groups.map((group) => {
      const { content, details } = stepOf(group);
      return [group.id, tree.leaf(parent, content, { ...details, groupId: group.id })] as const;
    }),
  );
  return {
    container: [parent],
    of(groupId) {
      const step = steps.get(groupId);
      return step === undefined ? [] : [step];
    },
  };
}

function nicsOf({ testNetworks }: RecoverySnapshot, vm: SnapshotVm): ReturnType<Storage["nicsOf"]> {
  return vm.nics.map(({ nicIndex, testNetwork }) => {
    const id = testNetworks.find((network) => network.id === testNetwork)?.testNetworkId ?? null;
    if (id === null) throw new CompileError(`Adapter ${nicIndex} of ${vm.name} has no network.`);
    return { nicIndex, network: { id } };
  });
}
