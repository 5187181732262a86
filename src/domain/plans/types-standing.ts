/** How a plan stands: its state and faults, from its own lifecycle and from its groups and sites. Pure. */
import type { ConnectionState, PeerState, PlanLifecycle, ProtectionGroupState, RecoveryState } from "../../database/generated/enums.ts";
import { type Fault, type FaultSubject, fault, splitBrain } from "../faults.ts";
import { listed } from "../listed.ts";

/** One group of a plan, with the run that uses it now. */
export interface StandingRow {
  readonly planId: string;
  readonly groupId: string;
  readonly name: string;
  readonly state: ProtectionGroupState;
  readonly peerState: PeerState;
  readonly protectedSiteId: string;
  readonly recoverySiteId: string;
  readonly faultMessage: string | null;
  readonly faultSince: Date | null;
  readonly runId: string | null;
  readonly runPlanId: string | null;
  readonly runPlanName: string | null;
  readonly runKind: string | null;
  readonly vms: number;
  readonly vmsConfigured: number;
  /** Names of recovered VMs that run on both sites. */
  readonly bothRunning: readonly string[];
  /** Names of recovered VMs whose originals are not proven off, and not known to run either. */
  readonly unproven: readonly string[];
  readonly unprovenSince: Date | null;
}

/** What a VM of the plan uses, and has no mapping. */
export interface MappingRow {
  readonly planId: string;
  readonly kind: "network" | "folder" | "resource pool";
  readonly name: string;
}

export interface Standing {
  readonly planId: string;
  readonly lifecycle: PlanLifecycle;
  readonly groups: readonly StandingRow[];
  /** Names of groups that were deleted with force since somebody changed the plan's groups. */
  readonly lostGroups: readonly string[];
  readonly unmapped: readonly MappingRow[];
  readonly sites: readonly { readonly id: string; readonly name: string; readonly state: ConnectionState; readonly stateSince: Date }[];
  /** Of the plan's own run, if one is open. */
  readonly runState: RecoveryState | null;
}

export interface JudgedStanding extends Standing {
  /** Everything in the way of a run. */
  readonly faults: readonly Fault[];
}

const needs: Partial<Record<PlanLifecycle, Fault>> = {
  TEST_COMPLETE: fault("NEEDS_CLEANUP", "The last test has not been cleaned up."),
  RECOVERY_COMPLETE: fault("NEEDS_REPROTECT", "The plan was recovered and is not protected."),
  CLEANUP_INCOMPLETE: fault("RUN_INCOMPLETE", "The last cleanup left something behind."),
  RECOVERY_INCOMPLETE: fault("RUN_INCOMPLETE", "The last recovery did not recover everything."),
  REPROTECT_INCOMPLETE: fault("RUN_INCOMPLETE", "The last reprotect did not turn everything round."),
};

/** Everything in the way of a run, the plan's own lifecycle first. */
export function faultsOf({ planId, lifecycle, groups, lostGroups, unmapped, sites }: Standing): Fault[] {
  const own = needs[lifecycle];
  const faults: Fault[] = own ? [own] : [];
  if (groups.every(({ vmsConfigured }) => vmsConfigured === 0)) faults.push(fault("EMPTY", "The plan has no VM that could be recovered."));
  for (const name of lostGroups)
    faults.push(
      fault("GROUP_DELETED", `The protection group ${name} was deleted with force; the plan no longer recovers its VMs.`, null, {
        type: "ProtectionGroup",
        id: null,
        name,
      }),
    );
  const [first] = groups;
  if (groups.some((group) => group.protectedSiteId !== first?.protectedSiteId || group.recoverySiteId !== first?.recoverySiteId))
    faults.push(fault("MIXED_DIRECTION", "The plan's groups are not all protected in the same direction."));
  for (const group of groups) faults.push(...groupFaults(group, planId, lifecycle));
  faults.push(...splitBrains(groups));
  for (const { id, name, state, stateSince } of sites) {
    const site: FaultSubject = { type: "Site", id, name };
    if (state === "DISCONNECTED") faults.push(fault("SITE_DISCONNECTED", `The site ${name} can't be reached.`, stateSince, site));
    if (state === "PARTIALLY_CONNECTED")
      faults.push(fault("SITE_PARTIALLY_CONNECTED", `The site ${name} answers only in part.`, stateSince, site));
  }
  for (const { kind, name } of unmapped)
    faults.push(
      fault("MAPPING_MISSING", `The ${kind} ${name} is not mapped to the recovery site.`, null, { type: placeTypes[kind], id: null, name }),
    );
  return faults;
}

const placeTypes = { network: "Network", folder: "Folder", "resource pool": "ResourcePool" } as const;

function* groupFaults(group: StandingRow, planId: string, lifecycle: PlanLifecycle): Generator<Fault> {
  const about: FaultSubject = { type: "ProtectionGroup", id: group.groupId, name: group.name };
  if (group.runId !== null && group.runPlanId !== planId) {
    yield fault("GROUP_IN_USE", useOf(group), null, about);
  }
  const isRecovered = group.state === "RECOVERED" || group.state === "PARTIALLY_RECOVERED";
  if (isRecovered && lifecycle === "READY") {
    yield fault("GROUP_RECOVERED_ELSEWHERE", `The protection group ${group.name} was recovered by another plan.`, null, about);
  }
  if (group.state === "ERROR" || group.state === "NOT_READY") {
    yield fault("GROUP_FAULT", group.faultMessage ?? `The protection group ${group.name} is not ready.`, group.faultSince, about);
  }
}

function* splitBrains(groups: readonly StandingRow[]): Generator<Fault> {
  if (groups.every(({ bothRunning, unproven }) => bothRunning.length + unproven.length === 0)) return;
  for (const isKnown of [true, false]) {
    const names = groups.flatMap(({ bothRunning, unproven }) => (isKnown ? bothRunning : unproven));
    const since = groups.flatMap(({ unprovenSince }) => (unprovenSince === null ? [] : [unprovenSince.getTime()]));
    if (names.length > 0) yield fault("SPLIT_BRAIN", splitBrain(listed(names), isKnown), new Date(Math.min(...since)));
  }
}

const doing: Readonly<Record<string, string>> = { GROUP_CREATE: "created", GROUP_UPDATE: "changed", GROUP_DELETE: "deleted" };

function useOf({ name, runKind, runPlanName }: StandingRow): string {
  const done = doing[runKind ?? ""];
  if (done !== undefined) return `The protection group ${name} is being ${done}.`;
  return `The protection group ${name} is used by the ${runKind?.toLowerCase() ?? "run"} of the plan ${runPlanName}.`;
}

export type PlanState = "READY" | "NOT_READY" | "RUNNING" | "PROMPTING" | "ERROR";

/** What does not keep a run from being started: a site that answers in part, a group that is no more. */
const harmless: ReadonlySet<string> = new Set(["SITE_PARTIALLY_CONNECTED", "GROUP_DELETED"]);

export function stateOf(standing: JudgedStanding): PlanState {
  if (standing.runState === "PROMPTING") return "PROMPTING";
  switch (standing.lifecycle) {
    case "TEST_IN_PROGRESS":
    case "CLEANUP_IN_PROGRESS":
    case "RECOVERY_IN_PROGRESS":
    case "REPROTECT_IN_PROGRESS":
      return "RUNNING";
    case "CLEANUP_INCOMPLETE":
    case "RECOVERY_INCOMPLETE":
    case "REPROTECT_INCOMPLETE":
      return "ERROR";
    default:
      return standing.faults.some(({ code }) => !harmless.has(code)) ? "NOT_READY" : "READY";
  }
}

const worst: readonly PeerState[] = ["ERROR", "DELETING", "NOT_READY", "CONFIGURING", "RECOVERING", "REPROTECTING", "TESTING"];

/** The plan as its groups' peers last reported: the worst of them. */
export function peerStateOf(groups: readonly StandingRow[]): PeerState {
  const states = new Set(groups.map(({ peerState }) => peerState));
  const found = worst.find((state) => states.has(state));
  if (found) return found;
  const [only] = states;
  return states.size === 1 && only ? only : "UNKNOWN";
}
