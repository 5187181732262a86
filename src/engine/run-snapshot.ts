/**
 * What a run works on: resolved values, frozen at its start, not ids that are looked up later. Stored as JSON.
 */
import type { Capabilities, NicAddress } from "../providers/contract.ts";
import type { GroupSnapshot } from "./group-snapshot.ts";
import type { PromptAnswer, ReadyCheckKind, SiteRole, VmPriority } from "./model.ts";

export interface SnapshotSite {
  readonly id: string;
  readonly name: string;
  readonly provider: string;
  readonly externalId: string;
  readonly capabilities: Capabilities;
}

export interface SnapshotGroup {
  readonly id: string;
  readonly name: string;
  readonly externalId: string;
}

/** A network that a test needs: the mapping's own, or one made for the run. */
export interface SnapshotTestNetwork {
  /** Id of the target network it stands for. */
  readonly id: string;
  readonly name: string;
  /** The provider's id of the mapping's test network; null: an isolated one is made. */
  readonly testNetworkId: string | null;
}

export interface SnapshotCommand {
  readonly id: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly timeoutSeconds: number;
  readonly rerunnable: boolean;
  readonly runInGuest: boolean;
  readonly guestUsername: string | null;
  readonly passwordSecretId: string | null;
}

export interface SnapshotVm {
  readonly id: string;
  readonly name: string;
  readonly externalId: string;
  readonly groupId: string;
  readonly placeholderId: string;
  readonly folderId: string | null;
  readonly resourcePoolId: string | null;
  /** Network adapters with the test network (an id of `testNetworks`) that each is connected to. */
  readonly nics: readonly { readonly nicIndex: number; readonly testNetwork: string }[];
  readonly priority: VmPriority;
  readonly startupDelaySeconds: number;
  readonly powerOnAfterRecovery: boolean;
  readonly readyCheck: {
    readonly kind: ReadyCheckKind;
    readonly timeoutSeconds: number;
    readonly port: number | null;
    readonly target: string | null;
  };
  /** Null: the addresses stay as they are. */
  readonly addresses: readonly NicAddress[] | null;
  readonly dependsOn: readonly string[];
  /** Beside the ready check: all of them have to pass. Missing: there are none. */
  readonly probes?: readonly {
    readonly id: string;
    readonly check: "TCP" | "HTTP" | "SCRIPT";
    readonly timeoutSeconds: number;
    readonly port: number | null;
    readonly target: string | null;
  }[];
  readonly preCommands: readonly SnapshotCommand[];
  readonly postCommands: readonly SnapshotCommand[];
}

export type SnapshotPlanStep = { readonly id: string; readonly name: string } & (
  | {
      readonly type: "COMMAND";
      readonly command: string;
      readonly arguments: readonly string[];
      readonly timeoutSeconds: number;
      readonly runOnSite: SiteRole;
      readonly continueOnFailure: boolean;
      readonly runInTest: boolean;
      readonly rerunnable: boolean;
    }
  | {
      readonly type: "PROMPT";
      readonly message: string;
      /** Null: it waits for ever. */
      readonly timeoutSeconds: number | null;
      readonly defaultAnswer: PromptAnswer | null;
      /** A second person has to confirm the answer. Missing: one is enough. */
      readonly needsTwoPeople?: boolean;
    }
  | {
      readonly type: "PAUSE";
      /** Null: until an operator resumes. */
      readonly durationSeconds: number | null;
    }
);

export interface SnapshotPriorityGroup {
  readonly priority: number;
  readonly name: string;
  readonly groupIds: readonly string[];
  readonly preSteps: readonly SnapshotPlanStep[];
  readonly postSteps: readonly SnapshotPlanStep[];
}

export interface TestOptions {
  readonly powerOnVms: boolean;
  readonly runScripts: boolean;
  readonly syncData: boolean;
}

/** What a planned and a disaster recovery work with beside the test's options. */
export interface RecoveryOptions extends TestOptions {
  /** Planned: the protected VMs are shut down; false only where all of them are off. */
  readonly shutdownSourceVms: boolean;
  readonly failurePolicy: "PAUSE" | "CONTINUE";
  /** Disaster: it is accepted that the protected site could not be fenced, by whom; null: it can be. */
  readonly unfencedAcceptedBy: string | null;
  /** Disaster: what all steps at a protected site that is suspect may take together. */
  readonly protectedSiteBudgetSeconds: number;
}

/** How the protected site was when the run was requested. A DISCONNECTED site is not called at all. */
export type SiteCondition = "CONNECTED" | "SUSPECT" | "DISCONNECTED";

/** A group that is tested. */
export interface SnapshotTestGroup extends SnapshotGroup {
  /** The provider's id of the recovery point that was asked for; null or missing: the newest complete one. */
  readonly pointId?: string | null;
}

/** A group that is recovered for good. */
export interface SnapshotRecoveryGroup extends SnapshotGroup {
  /** The provider's id of the recovery point that was asked for; null: the newest complete one. */
  readonly pointId: string | null;
}

/** A VM that is recovered for good: `nics` name networks of `testNetworks` that are the mapping's targets. */
export interface SnapshotRecoveryVm extends SnapshotVm {
  /** How long the guest may take to shut down before it is powered off; 0: at once. */
  readonly shutdownDelaySeconds: number;
}

/** What a cleanup finds of its test: read from the results of the test's steps. */
export interface TestRemains {
  readonly vms: readonly { readonly vmId: string; readonly name: string; readonly placeholderId: string; readonly recoveryVmId: string }[];
  /** Taken, with no VM known in their place. Missing in snapshots of before there was such a list. */
  readonly placeholders?: readonly { readonly placeholderId: string; readonly name: string }[];
  readonly snapshots: readonly { readonly groupId: string; readonly groupName: string; readonly snapshotId: string }[];
  readonly networks: readonly { readonly name: string; readonly networkId: string }[];
}

export interface SnapshotBase {
  readonly version: 1;
  readonly protectedSite: SnapshotSite;
  readonly recoverySite: SnapshotSite;
  /** Seconds that steps took in past runs of the plan, by their key. */
  readonly pastSeconds: Readonly<Record<string, number>>;
  /** Said at the start of the run, such as an option that was ignored. */
  readonly warnings: readonly RunWarning[];
}

interface PlanSnapshotBase extends SnapshotBase {
  readonly plan: { readonly id: string; readonly name: string };
}

export interface TestSnapshot extends PlanSnapshotBase {
  readonly kind: "TEST";
  readonly options: TestOptions;
  readonly groups: readonly SnapshotTestGroup[];
  readonly testNetworks: readonly SnapshotTestNetwork[];
  /** In the order of their priority. */
  readonly priorityGroups: readonly SnapshotPriorityGroup[];
  readonly vms: readonly SnapshotVm[];
}

export interface RecoverySnapshot extends PlanSnapshotBase {
  readonly kind: "PLANNED" | "DISASTER";
  readonly options: RecoveryOptions;
  readonly protectedSiteCondition: SiteCondition;
  /** When a DISCONNECTED protected site was last heard of, ISO time: what it did after that is nowhere else. Missing: nobody knows. */
  readonly protectedSiteHeardAt?: string | null;
  readonly groups: readonly SnapshotRecoveryGroup[];
  /** The mappings' target networks. */
  readonly testNetworks: readonly SnapshotTestNetwork[];
  /** In the order of their priority. */
  readonly priorityGroups: readonly SnapshotPriorityGroup[];
  readonly vms: readonly SnapshotRecoveryVm[];
  /** The run that this one goes on with; null: it is the first. What ended well there, by the keys of steps that mean the same, is ALREADY_DONE. */
  readonly rerunOf: string | null;
}

/** A VM that was recovered, and shall be protected in the other direction. */
export interface ReprotectedVm {
  readonly id: string;
  readonly name: string;
  /** Where it runs now. */
  readonly externalId: string;
  /** The machine that it was recovered from, at the site that becomes the recovery site. */
  readonly formerExternalId: string;
  readonly placeholderName: string;
}

export interface ReprotectedGroup extends SnapshotGroup {
  /** The replicated set that the recovery has ended; `externalId` is that of the new one. */
  readonly formerExternalId: string;
  readonly storageGroups: readonly SnapshotStorageGroup[];
  readonly vms: readonly ReprotectedVm[];
}

/** The sites as they are once it has ended: the protected one is where the VMs run now. */
export interface ReprotectSnapshot extends PlanSnapshotBase {
  readonly kind: "REPROTECT";
  readonly options: {
    readonly syncData: boolean;
    /** False: the former site is gone for good, and protection ends. */
    readonly reverseReplication: boolean;
    /** What fails is left behind: groups that reversed are READY, the others NOT_READY. */
    readonly force: boolean;
  };
  readonly groups: readonly ReprotectedGroup[];
  /** Others of the plan's groups were recovered the other way, and are reprotected by the next run. Missing: there are none. */
  readonly othersWait?: boolean;
  readonly rerunOf: string | null;
}

export interface CleanupSnapshot extends PlanSnapshotBase {
  readonly kind: "CLEANUP";
  readonly testRunId: string;
  /** Failures become warnings, and the plan ends READY with the leftovers listed. */
  readonly force: boolean;
  /** The plan has gone on since its test, by a disaster recovery: it and its groups stay as they are. Missing: they wait for this cleanup. */
  readonly keepsPlan?: boolean;
  readonly remains: TestRemains;
}

/** What of a group's data goes where: names of datastores, the sources at the protected site, the target at the recovery site. */
export interface SnapshotStorageGroup {
  readonly sources: readonly string[];
  readonly target: string;
}

/** A run that brings VMs up at the recovery site. */
export type RisingSnapshot = TestSnapshot | RecoverySnapshot;

export type RunSnapshot = RisingSnapshot | ReprotectSnapshot | CleanupSnapshot | GroupSnapshot;

/** `code` is from the registry in `engine/warnings.ts`. */
export interface RunWarning {
  readonly code: string;
  /** What it is about, by name; left out: what the message names. */
  readonly object?: string;
  readonly message: string;
}
