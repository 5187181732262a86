/** One VM's way from its placeholder to ready. Each step needs the one before it: what failed leaves the rest SKIPPED. */
import type { ResultOf } from "../model.ts";
import type { RisingSnapshot, RunWarning, SnapshotCommand, SnapshotVm } from "../run-snapshot.ts";
import { runWarning } from "../warnings.ts";
import { siteRef } from "./sites.ts";
import type { LeafContent, StepDetails, Tree } from "./tree.ts";

/** What the VM's group and networks have become, and what it waits for as a whole. */
export interface VmPlace {
  readonly parent: number;
  readonly snapshot: ResultOf;
  readonly nics: Extract<LeafContent, { kind: "REGISTER_VM" }>["spec"]["nics"];
  readonly after: readonly number[];
  readonly needs: readonly number[];
  readonly afterGates: readonly number[];
}

export interface PlacedVm {
  readonly container: number;
  /** The step at whose end it is ready: what dependents and lower tiers wait for. */
  readonly ready: number;
}

export function addVm(tree: Tree, snapshot: RisingSnapshot, vm: SnapshotVm, place: VmPlace, warnings: RunWarning[]): PlacedVm {
  const { parent, after, needs, afterGates } = place;
  const about = { groupId: vm.groupId, vmId: vm.id };
  const container = tree.container(parent, "VM", { of: [vm.id], name: vm.name, ...about, after, needs, afterGates });
  const site = siteRef(snapshot.recoverySite);
  const steps = sequence(tree, container, vm);

  if (vm.startupDelaySeconds > 0) {
    steps.add({ kind: "STARTUP_DELAY", spec: { seconds: vm.startupDelaySeconds } }, `Wait ${vm.startupDelaySeconds} s before ${vm.name}`);
  }
  for (const command of scripts(snapshot, vm.preCommands)) {
    if (command.runInGuest)
      warnings.push(runWarning("GUEST_COMMAND_TOO_EARLY", `${vm.name}: ${command.command} can't run in a guest that is off.`, vm.name));
    else
      steps.add(commandOf(snapshot, vm, command, null), `Run ${command.command} for ${vm.name}`, {
        of: [vm.id, command.id],
        phase: "PRE_POWER_ON",
      });
  }
  const { name, placeholderId, folderId, resourcePoolId } = vm;
  const spec = {
    site,
    name,
    placeholderId,
    sourceVmId: vm.externalId,
    folderId,
    resourcePoolId,
    snapshot: place.snapshot,
    permanent: snapshot.kind !== "TEST",
    nics: place.nics,
  };
  const registered = steps.add({ kind: "REGISTER_VM", spec }, `Register ${vm.name}`);

  const addresses = addressesOf(snapshot, vm, warnings);
  const customise = () =>
    steps.add(
      { kind: "CUSTOMISE_IP", spec: { site, vm: registered, hostName: vm.name, nics: addresses ?? [] } },
      `Customise addresses of ${vm.name}`,
    );
  const { ipCustomisation } = snapshot.recoverySite.capabilities;
  if (addresses && ipCustomisation === "BEFORE_POWER_ON") customise();
  if (!snapshot.options.powerOnVms || !vm.powerOnAfterRecovery) return { container, ready: steps.last() };

  steps.add({ kind: "POWER_ON", spec: { site, vm: registered } }, `Power on ${vm.name}`);
  // With the guest up, and before the ready check, which may ask at the new address.
  if (addresses && ipCustomisation === "AFTER_POWER_ON") customise();
  const { kind: check, timeoutSeconds, port, target } = vm.readyCheck;
  steps.add(
    { kind: "READY_CHECK", spec: { site, vm: registered, name: vm.name, check, timeoutSeconds, port, target } },
    `Check that ${vm.name} is ready`,
  );
  for (const { id, ...probe } of vm.probes ?? []) {
    const content = { kind: "PROBE", spec: { site, vm: registered, name: vm.name, ...probe } } as const;
    steps.add(content, `Probe ${vm.name} (${probe.check})`, { of: [vm.id, id] });
  }
  const ready = steps.last();
  addPostCommands(tree, snapshot, vm, { container, registered, ready });
  return { container, ready };
}

/** Each needs the VM ready and comes after the one before it, whatever became of that one. */
function addPostCommands(
  tree: Tree,
  snapshot: RisingSnapshot,
  vm: SnapshotVm,
  at: { container: number; registered: number; ready: number },
): void {
  const after: number[] = [];
  for (const command of scripts(snapshot, vm.postCommands)) {
    const unable = command.runInGuest && !snapshot.recoverySite.capabilities.guestCommands;
    const content = command.runInGuest ? guestCommandOf(snapshot, command, at.registered) : commandOf(snapshot, vm, command, at.registered);
    const ordinal = tree.leaf(at.container, content, {
      of: [vm.id, command.id],
      groupId: vm.groupId,
      vmId: vm.id,
      ...siteOf(content),
      name: `Run ${command.command} ${command.runInGuest ? "in" : "for"} ${vm.name}`,
      phase: "POST_POWER_ON",
      ...(unable
        ? { skipReason: `${snapshot.recoverySite.name} can't run commands in a guest` }
        : { needs: [at.ready], after: [...after] }),
    });
    if (!unable) after.push(ordinal);
  }
}

const scripts = ({ options }: RisingSnapshot, commands: readonly SnapshotCommand[]) => (options.runScripts ? commands : []);

const siteOf = ({ spec }: LeafContent): { siteId?: string } => ("site" in spec ? { siteId: spec.site.siteId } : {});

/** Adds steps of a VM, each of which needs the one before it. */
function sequence(tree: Tree, container: number, vm: SnapshotVm) {
  const itself = [vm.id];
  const about = { groupId: vm.groupId, vmId: vm.id };
  let previous: number | null = null;
  return {
    add(content: LeafContent, name: string, { of = itself, phase }: Pick<StepDetails, "of" | "phase"> = {}): number {
      const needs = previous === null ? {} : { needs: [previous] };
      previous = tree.leaf(container, content, { of, name, ...about, ...siteOf(content), ...needs, ...(phase && { phase }) });
      return previous;
    },
    last: (): number => previous ?? container,
  };
}

function addressesOf({ recoverySite }: RisingSnapshot, vm: SnapshotVm, warnings: RunWarning[]): SnapshotVm["addresses"] {
  if (vm.addresses === null || recoverySite.capabilities.ipCustomisation !== "NONE") return vm.addresses;
  warnings.push(
    runWarning("CAPABILITY_MISSING", `${recoverySite.name} can't customise addresses: ${vm.name} keeps those that it has.`, vm.name),
  );
  return null;
}

function commandOf(snapshot: RisingSnapshot, vm: SnapshotVm, step: SnapshotCommand, registeredBy: ResultOf | null): LeafContent {
  const { command, arguments: list, timeoutSeconds, rerunnable } = step;
  const site = siteRef(snapshot.recoverySite);
  const owner = { name: vm.name, registeredBy };
  return { kind: "COMMAND", spec: { site, command, arguments: list, timeoutSeconds, rerunnable, continueOnFailure: false, vm: owner } };
}

function guestCommandOf(snapshot: RisingSnapshot, step: SnapshotCommand, vm: ResultOf): LeafContent {
  const { command, arguments: list, timeoutSeconds, rerunnable, guestUsername: username, passwordSecretId } = step;
  const site = siteRef(snapshot.recoverySite);
  return { kind: "GUEST_COMMAND", spec: { site, vm, command, arguments: list, timeoutSeconds, rerunnable, username, passwordSecretId } };
}
