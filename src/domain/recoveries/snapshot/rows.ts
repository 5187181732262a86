/** What a snapshot is made from, as it stands in the database. `snapshot-read.ts` reads it, `snapshot.ts` resolves it. */
import type { PlanStepType, ProtectionGroupState, ReadyCheck, StepPhase } from "../../../database/generated/enums.ts";
import type { PromptAnswer, SiteRole, VmPriority } from "../../../engine/model.ts";

export interface PlanRow {
  readonly id: string;
  readonly name: string;
  readonly defaultVmPriority: VmPriority;
  readonly defaultStartupDelaySeconds: number;
  readonly defaultShutdownDelaySeconds: number;
}

export interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly externalId: string;
  readonly priorityGroupId: string;
  readonly protectedSiteId: string;
  readonly recoverySiteId: string;
  readonly state: ProtectionGroupState;
  /** Its VMs go back to where they come from. */
  readonly turned: boolean;
  readonly hasCompletePoint: boolean;
}

export interface PriorityGroupRow {
  readonly id: string;
  readonly priority: number;
  readonly name: string;
}

export interface PlanStepRow {
  readonly id: string;
  readonly priorityGroupId: string;
  readonly phase: StepPhase;
  readonly type: PlanStepType;
  readonly name: string;
  readonly command: string | null;
  readonly arguments: readonly string[];
  readonly timeoutSeconds: number | null;
  readonly runOnSite: SiteRole | null;
  readonly continueOnFailure: boolean;
  readonly runInTest: boolean;
  readonly rerunnable: boolean;
  readonly message: string | null;
  readonly defaultAnswer: PromptAnswer | null;
  readonly needsTwoPeople: boolean;
  readonly durationSeconds: number | null;
}

/** A member of a group with its settings; those are null where it has none. */
export interface VmRow {
  readonly id: string;
  readonly name: string;
  readonly externalId: string;
  readonly groupId: string;
  readonly placeholderExternalId: string | null;
  readonly folderId: string | null;
  readonly folderName: string | null;
  readonly resourcePoolId: string | null;
  readonly resourcePoolName: string | null;
  readonly priority: VmPriority | null;
  readonly startupDelaySeconds: number | null;
  readonly shutdownDelaySeconds: number | null;
  readonly skipGuestShutdown: boolean | null;
  readonly powerOnAfterRecovery: boolean | null;
  readonly readyCheck: ReadyCheck | null;
  readonly readyTimeoutSeconds: number | null;
  readonly readyPort: number | null;
  readonly readyTarget: string | null;
  readonly ipCustomizationEnabled: boolean | null;
}

export interface NicRow {
  readonly vmId: string;
  readonly nicIndex: number;
  readonly networkId: string | null;
  readonly networkName: string | null;
  readonly ipAddresses: readonly string[];
}

/** `vmId` null: the inventory's mapping. */
export interface NetworkMappingRow {
  readonly vmId: string | null;
  readonly sourceNetworkId: string;
  readonly targetNetworkId: string;
  readonly targetName: string;
  readonly testName: string | null;
}

export interface PlaceMappingRow {
  readonly kind: "FOLDER" | "RESOURCE_POOL";
  readonly sourceId: string;
  readonly targetName: string;
}

export interface IpRuleRow {
  readonly vmId: string;
  readonly nicIndex: number | null;
  readonly sourceIp: string | null;
  readonly targetIp: string | null;
  readonly prefixLength: number | null;
  readonly targetGateway: string | null;
  readonly targetDnsServers: readonly string[];
  readonly targetDnsSuffix: string | null;
}

export interface VmCommandRow {
  readonly id: string;
  readonly vmId: string;
  readonly phase: StepPhase;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly timeoutSeconds: number;
  readonly rerunnable: boolean;
  readonly runInGuest: boolean;
  readonly guestUsername: string | null;
  readonly passwordSecretId: string | null;
}

export interface DependencyRow {
  readonly vmId: string;
  readonly dependsOnVmId: string;
  readonly dependsOnName: string;
}

export interface ProbeRow {
  readonly vmId: string;
  readonly id: string;
  readonly check: "TCP" | "HTTP" | "SCRIPT";
  readonly timeoutSeconds: number;
  readonly port: number | null;
  readonly target: string | null;
}

/** Where a VM was at its recovery site, before it was recovered away from there. */
export interface VmPlaceRow {
  readonly vmId: string;
  readonly folder: string | null;
  readonly resourcePool: string | null;
  readonly nics: readonly { readonly nicIndex: number; readonly network: string | null; readonly ipAddresses: readonly string[] }[];
}

/** Lists are in the order in which they count: position, priority, name. */
export interface PlanRows {
  readonly plan: PlanRow;
  readonly priorityGroups: readonly PriorityGroupRow[];
  readonly planSteps: readonly PlanStepRow[];
  readonly groups: readonly GroupRow[];
  readonly vms: readonly VmRow[];
  readonly nics: readonly NicRow[];
  readonly networkMappings: readonly NetworkMappingRow[];
  readonly placeMappings: readonly PlaceMappingRow[];
  readonly ipRules: readonly IpRuleRow[];
  readonly vmCommands: readonly VmCommandRow[];
  readonly dependencies: readonly DependencyRow[];
  readonly probes: readonly ProbeRow[];
  readonly vmPlaces: readonly VmPlaceRow[];
}
