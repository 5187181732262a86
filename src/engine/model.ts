/**
 * The engine's own words: what a run is made of (steps), and how a step ends. Plain data: a tree is stored as rows, and read back by
 * any node. What a run works on is its snapshot (run-snapshot.ts).
 */
import type { NicAddress } from "../providers/contract.ts";

/** A run of a plan. */
export type PlanRunKind = "TEST" | "CLEANUP" | "PLANNED" | "DISASTER" | "REPROTECT";
/** A run that works on one protection group, and has no plan. */
export type GroupRunKind = "GROUP_CREATE" | "GROUP_UPDATE" | "GROUP_DELETE";
export type RunKind = PlanRunKind | GroupRunKind;

/** The engine's version that runs of a group are written for: one before it does not know them, and leaves them alone. */
export const groupRunVersion = 2;
/** The same for planned recoveries: one before it would do the steps of their roll-back, which wait for a cancellation. */
export const plannedRunVersion = 3;
export type SiteRole = "PROTECTED" | "RECOVERY";
export type Phase = "PRE_POWER_ON" | "POST_POWER_ON";
export type PromptAnswer = "CONTINUE" | "SKIP" | "ABORT";
export type ReadyCheckKind = "HEARTBEAT" | "POWERED_ON" | "TCP" | "HTTP" | "SCRIPT";
export type VmPriority = "LOWEST" | "LOW" | "NORMAL" | "HIGH" | "HIGHEST";
export type RunState = "NOT_STARTED" | "RUNNING" | "PROMPTING" | "PAUSED" | "CANCELLING" | "COMPLETED" | "FAILED";
export type ResultState = "SUCCESS" | "WARNING" | "PARTIAL" | "FAILED" | "CANCELLED";
export type PausedReason = "STEP_FAILED" | "OPERATOR" | "PAUSE_STEP";

export type StepStatus = "PENDING" | "RUNNING" | "WAITING" | "SUCCEEDED" | "WARNING" | "FAILED" | "SKIPPED" | "CANCELLED" | "ALREADY_DONE";
export type SettledStatus = Exclude<StepStatus, "PENDING" | "RUNNING" | "WAITING">;

export const isSettled = (status: StepStatus): status is SettledStatus =>
  status !== "PENDING" && status !== "RUNNING" && status !== "WAITING";

/** Settled in a way that those who need it may start. */
export const isGood = (status: StepStatus): boolean => status === "SUCCEEDED" || status === "WARNING" || status === "ALREADY_DONE";

/** Where a site's effects go: the provider by name, its own id of the site, and ours. */
export interface SiteRef {
  readonly provider: string;
  readonly externalId: string;
  readonly siteId: string;
  readonly siteName: string;
}

/** A step's result that a later step needs: the ordinal of the step that yields it. */
export type ResultOf = number;

/** What each kind of leaf needs, resolved. Kinds without effect at a site have no `site`. */
export interface StepSpecs {
  SYNCHRONISE: { site: SiteRef; groupId: string };
  /** `pointId`: the point that was asked for. `pointFrom`: the synchronisation whose point is used when it succeeded. Else the newest complete one. */
  CREATE_SNAPSHOT: { site: SiteRef; groupId: string; pointId?: string; pointFrom: ResultOf | null; name: string };
  CREATE_TEST_NETWORK: { site: SiteRef; name: string };
  /** `guestTimeoutSeconds` 0: at once, without the guest. */
  SHUT_DOWN_VM: { site: SiteRef; vmId: string; guestTimeoutSeconds: number };
  /** Before a disaster recovery powers anything on: the protected VMs are powered off, where their site can be reached. */
  FENCE_SITE: { site: SiteRef; vmIds: readonly string[] };
  SET_STORAGE_READ_ONLY: { site: SiteRef; groupId: string; sourceVmIds: readonly string[] };
  /** Of a roll-back. `undoes`: the step that made the storage read-only. */
  SET_STORAGE_WRITABLE: { site: SiteRef; groupId: string; sourceVmIds: readonly string[]; undoes: ResultOf };
  /** `point`: one by its id, or that of the first of these synchronisations that succeeded, else the newest complete one. */
  PROMOTE_STORAGE: { site: SiteRef; groupId: string; point: { id: string } | { from: readonly ResultOf[] } };
  /** Of a roll-back: a VM by the provider's id, and the step that shut it down. */
  POWER_ON_SOURCE: { site: SiteRef; vmId: string; undoes: ResultOf };
  /** Originals by the provider's ids: each has to be proven off. */
  CHECK_ORIGINALS_OFF: { site: SiteRef; vmIds: readonly string[] };
  REVERSE_REPLICATION: {
    site: SiteRef;
    groupId: string;
    name: string;
    sourceSiteId: string;
    members: readonly { sourceVmId: string; formerVmId: string }[];
    storageGroups: readonly { sources: readonly string[]; target: string }[];
  };
  DEMOTE_VM: { site: SiteRef; vmId: string; sourceVmId: string; name: string };
  STARTUP_DELAY: { seconds: number };
  COMMAND: {
    site: SiteRef;
    command: string;
    arguments: readonly string[];
    timeoutSeconds: number;
    rerunnable: boolean;
    /** Failure is WARNING instead of FAILED. */
    continueOnFailure: boolean;
    /** The VM that it belongs to, and the step that registered it once there is one. */
    vm: { name: string; registeredBy: ResultOf | null } | null;
  };
  GUEST_COMMAND: {
    site: SiteRef;
    vm: ResultOf;
    command: string;
    arguments: readonly string[];
    timeoutSeconds: number;
    rerunnable: boolean;
    username: string | null;
    passwordSecretId: string | null;
  };
  REGISTER_VM: {
    site: SiteRef;
    name: string;
    placeholderId: string;
    sourceVmId: string;
    folderId: string | null;
    resourcePoolId: string | null;
    snapshot: ResultOf;
    /** For good, on promoted storage; else a test's. */
    permanent: boolean;
    /** Each adapter's network: one that is there, or the step that makes one. */
    nics: readonly { nicIndex: number; network: { id: string } | { madeBy: ResultOf } }[];
  };
  CUSTOMISE_IP: { site: SiteRef; vm: ResultOf; hostName: string; nics: readonly NicAddress[] };
  POWER_ON: { site: SiteRef; vm: ResultOf };
  /** One of several that a VM has to pass beside its ready check, before those that wait for it start. */
  PROBE: {
    site: SiteRef;
    vm: ResultOf;
    name: string;
    check: "TCP" | "HTTP" | "SCRIPT";
    timeoutSeconds: number;
    port: number | null;
    target: string | null;
  };
  READY_CHECK: {
    site: SiteRef;
    vm: ResultOf;
    name: string;
    check: ReadyCheckKind;
    timeoutSeconds: number;
    port: number | null;
    target: string | null;
  };
  PROMPT: { message: string; timeoutSeconds: number | null; defaultAnswer: PromptAnswer | null; needsTwoPeople: boolean };
  PAUSE: { durationSeconds: number | null };
  POWER_OFF: { site: SiteRef; vmId: string };
  REMOVE_VM: { site: SiteRef; vmId: string };
  RESTORE_PLACEHOLDER: { site: SiteRef; placeholderId: string };
  DISCARD_SNAPSHOT: { site: SiteRef; snapshotId: string };
  REMOVE_NETWORK: { site: SiteRef; networkId: string };
  /** What is on a group's datastores; `vmIds`: the VMs that the group protects, by the provider's ids. */
  DISCOVER_DATASTORES: { site: SiteRef; datastores: readonly string[]; vmIds: readonly string[] };
  CONFIGURE_REPLICATION: {
    site: SiteRef;
    groupId: string;
    name: string;
    sourceSiteId: string;
    sourceVmIds: readonly string[];
    storageGroups: readonly { sources: readonly string[]; target: string }[];
  };
  CHANGE_STORAGE: {
    site: SiteRef;
    groupId: string;
    sourceSiteId: string;
    storageGroups: readonly { sources: readonly string[]; target: string }[];
  };
  ADD_TO_REPLICATION: { site: SiteRef; groupId: string; sourceSiteId: string; sourceVmIds: readonly string[] };
  REMOVE_FROM_REPLICATION: { site: SiteRef; groupId: string; sourceVmIds: readonly string[] };
  STOP_REPLICATION: { site: SiteRef; groupId: string };
  CREATE_PLACEHOLDER: { site: SiteRef; sourceVmId: string; name: string; folderId: string | null; resourcePoolId: string | null };
  /** A placeholder that is known, or the one of this name that a run may have made. */
  REMOVE_PLACEHOLDER: { site: SiteRef; placeholder: { id: string } | { madeBy: string; name: string } };
  LEAK_AUDIT: { sites: readonly SiteRef[]; testRunId: string };
}

export type LeafKind = keyof StepSpecs;

/** Leaves without work of their own: they end by the database's clock, or by people. */
export type WaitKind = "STARTUP_DELAY" | "PROMPT" | "PAUSE";
export const isWait = (kind: LeafKind): kind is WaitKind => kind === "STARTUP_DELAY" || kind === "PROMPT" || kind === "PAUSE";

/** Steps with children; their status, progress and times are those of what is in them. */
export type ContainerKind =
  | "SYNCHRONISE_STORAGE"
  | "CREATE_SNAPSHOTS"
  | "PREPARE_TEST_NETWORKS"
  | "PRE_SYNCHRONISE"
  | "FENCE"
  | "SHUT_DOWN_VMS"
  | "PROTECT_STORAGE"
  | "FINAL_SYNCHRONISE"
  | "PROMOTE"
  | "ROLL_BACK"
  | "REVERSE_GROUP"
  | "PRIORITY_GROUP"
  | "VM"
  | "REMOVE_TEST_VMS"
  | "RESTORE_PLACEHOLDERS"
  | "DISCARD_TEST_STORAGE"
  | "CREATE_PLACEHOLDERS"
  | "REMOVE_PLACEHOLDERS";

export type StepKindName = LeafKind | ContainerKind;

interface NodeBase {
  /** Position in depth-first order, from 1; a parent comes before its children. */
  readonly ordinal: number;
  readonly parent: number | null;
  /** "3", "3.2", "3.2.1". */
  readonly path: string;
  /** The same step in another run of the plan: kind, group, VM, plan step. Unique in a run. */
  readonly key: string;
  readonly name: string;
  readonly phase: Phase | null;
  readonly siteId: string | null;
  readonly groupId: string | null;
  readonly vmId: string | null;
  readonly planStepId: string | null;
  /** Steps (leaves or containers) that must be settled, however, before this one starts. What holds for a container holds for all in it. */
  readonly after: readonly number[];
  /** Steps that must have ended well (isGood); when one has not, this one is SKIPPED, and so is all in it. */
  readonly needs: readonly number[];
  /** Gates that must be open. A gate opens when every leaf that names it in `opensGate` is settled. */
  readonly afterGates: readonly number[];
  readonly opensGate: number | null;
  /** From past runs, else by kind; a container's is that of the longest way through it. Stored as whole seconds. */
  readonly expectedSeconds: number;
  readonly onCriticalPath: boolean;
  /** SKIPPED from the start, with this reason: such as a protected-site command in a test. */
  readonly skipReason: string | null;
  /** WARNING from the start, with this reason: what a disaster recovery would do at a site that can't be reached. */
  readonly warnReason: string | null;
}

export type LeafNode<K extends LeafKind = LeafKind> = { [P in K]: NodeBase & { readonly kind: P; readonly spec: StepSpecs[P] } }[K];
export type ContainerNode = NodeBase & { readonly kind: ContainerKind; readonly spec: Record<string, never> };
export type StepNode = LeafNode | ContainerNode;

const containerKinds: ReadonlySet<string> = new Set<ContainerKind>([
  "SYNCHRONISE_STORAGE",
  "CREATE_SNAPSHOTS",
  "PREPARE_TEST_NETWORKS",
  "PRE_SYNCHRONISE",
  "FENCE",
  "SHUT_DOWN_VMS",
  "PROTECT_STORAGE",
  "FINAL_SYNCHRONISE",
  "PROMOTE",
  "ROLL_BACK",
  "REVERSE_GROUP",
  "PRIORITY_GROUP",
  "VM",
  "REMOVE_TEST_VMS",
  "RESTORE_PLACEHOLDERS",
  "DISCARD_TEST_STORAGE",
  "CREATE_PLACEHOLDERS",
  "REMOVE_PLACEHOLDERS",
]);

export const isContainer = (node: StepNode): node is ContainerNode => containerKinds.has(node.kind);
export const isContainerKind = (kind: string): kind is ContainerKind => containerKinds.has(kind);

/** Leaves whose effect at a site counts against the site's bound of concurrent operations. */
const slotKinds: ReadonlySet<string> = new Set<LeafKind>([
  "SYNCHRONISE",
  "CREATE_SNAPSHOT",
  "CREATE_TEST_NETWORK",
  "SHUT_DOWN_VM",
  "SET_STORAGE_READ_ONLY",
  "SET_STORAGE_WRITABLE",
  "PROMOTE_STORAGE",
  "POWER_ON_SOURCE",
  "REVERSE_REPLICATION",
  "DEMOTE_VM",
  "GUEST_COMMAND",
  "REGISTER_VM",
  "CUSTOMISE_IP",
  "POWER_ON",
  "POWER_OFF",
  "REMOVE_VM",
  "RESTORE_PLACEHOLDER",
  "DISCARD_SNAPSHOT",
  "REMOVE_NETWORK",
  "CONFIGURE_REPLICATION",
  "CHANGE_STORAGE",
  "ADD_TO_REPLICATION",
  "REMOVE_FROM_REPLICATION",
  "STOP_REPLICATION",
  "CREATE_PLACEHOLDER",
  "REMOVE_PLACEHOLDER",
]);

/** The site whose bound a step counts against; null: it takes no slot (waiting, watching, scripts). */
export const slotSite = (node: StepNode): string | null => (slotKinds.has(node.kind) ? node.siteId : null);

/** What a step's run (its result) leaves for the steps after it, for cleanup and for people. JSON. */
export type StepResult = Readonly<Record<string, unknown>>;

/** How a leaf ended. */
export interface StepEnd {
  readonly status: SettledStatus;
  readonly message: string | null;
  readonly errors?: readonly string[];
  readonly warnings?: readonly string[];
  readonly result?: StepResult;
}
