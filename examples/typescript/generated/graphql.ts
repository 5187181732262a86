/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** The answer to a prompt. (Reference: Answer Prompt.) */
export type AnswerPromptInput = {
  /** CONTINUE, SKIP the rest of its phase, or ABORT the run. */
  answer: PromptAnswer;
  /** Why, for the record; at most 4,096 characters. */
  comment?: string | null | undefined;
  /** At most 255 characters, unique per user and mutation for 24 h: the same key and input gets the first answer, other input CONFLICT. */
  idempotencyKey?: string | null | undefined;
  /** The open prompt. */
  promptId: string;
};

/** Which test to clean up after. (Reference: Cleanup Test Recovery.) */
export type CleanupTestInput = {
  /** Needs the role RECOVERY_ADMIN. Failures become warnings: the plan ends READY, and what is left stays listed. False by default. */
  force?: boolean | null | undefined;
  /** At most 255 characters, unique per user and mutation for 24 h: the same key and input gets the first answer, other input CONFLICT. */
  idempotencyKey?: string | null | undefined;
  /** The recovery plan. */
  planId: string;
  /** The test; the plan's last one when left out. Another one is CONFLICT. */
  recoveryId?: string | null | undefined;
};

/** Who signs in. */
export type CreateSessionInput = {
  /** The password. */
  password: string;
  /** The user's name, without regard to case. */
  user: string;
};

/** What kind of error it is. Expect codes that are added later. */
export type ErrorCode =
  /** Another run, somebody's answer or the state of the thing stands in the way. */
  | 'CONFLICT'
  /** Signed in, but without the role that it needs. */
  | 'FORBIDDEN'
  /** A fault of the gateway; the request id finds it in the logs. Top-level only. */
  | 'INTERNAL_ERROR'
  /** The input can't be taken as it is; `fieldErrors` names what. */
  | 'INVALID_REQUEST'
  /** Nothing has this id. */
  | 'NOT_FOUND'
  /** Something outside the request has to be put right first. */
  | 'PRECONDITION_FAILED'
  /** What has to be asked does not answer; try again. */
  | 'SERVICE_UNAVAILABLE'
  /** Not signed in, or no longer. Top-level only. */
  | 'UNAUTHORIZED';

/** What a run does when a step fails. */
export type FailurePolicy =
  /** It goes on with what does not depend on the step. */
  | 'CONTINUE'
  /** It waits for a decision. */
  | 'PAUSE';

/** A protection group and one of its recovery points. */
export type GroupPointInput = {
  /** The protection group. */
  groupId: string;
  /** One of its complete recovery points. */
  recoveryPointId: string;
};

/** The history of a plan's own runs, which decides what can be started. */
export type PlanLifecycle =
  /** A cleanup left something behind; clean up again. */
  | 'CLEANUP_INCOMPLETE'
  /** A cleanup runs. */
  | 'CLEANUP_IN_PROGRESS'
  /** Nothing is under way: test, planned or disaster recovery. */
  | 'READY'
  /** Recovered; it has to be reprotected. */
  | 'RECOVERY_COMPLETE'
  /** A recovery did not recover everything; run it again or accept it. */
  | 'RECOVERY_INCOMPLETE'
  /** A recovery runs. */
  | 'RECOVERY_IN_PROGRESS'
  /** A reprotect did not turn everything round; reprotect again. */
  | 'REPROTECT_INCOMPLETE'
  /** A reprotect runs. */
  | 'REPROTECT_IN_PROGRESS'
  /** A test is over, whatever its result; it has to be cleaned up. */
  | 'TEST_COMPLETE'
  /** A test runs. */
  | 'TEST_IN_PROGRESS';

/** What a step of a plan is. (Reference: Step Types.) */
export type PlanStepType =
  /** Runs a program (reference: command). */
  | 'COMMAND'
  /** Waits (reference: pause). */
  | 'PAUSE'
  /** Asks a person (reference: prompt). */
  | 'PROMPT';

/** How a prompt can be answered. (Reference: Prompt Responses.) */
export type PromptAnswer =
  /** The run is cancelled (reference: abort). */
  | 'ABORT'
  /** The run goes on (reference: continue). */
  | 'CONTINUE'
  /** The remaining steps of the prompt's phase in its priority group are skipped (reference: skip). */
  | 'SKIP';

/** State of a plan, computed from its lifecycle, its run, its groups and its sites. (Reference: Recovery Plan States.) */
export type RecoveryPlanState =
  /** Its last run is incomplete; see the lifecycle. */
  | 'ERROR'
  /** Something is in the way; see the faults. */
  | 'NOT_READY'
  /** Its run waits for the answer to a prompt. */
  | 'PROMPTING'
  /** It can be tested or recovered. */
  | 'READY'
  /** A run of it is under way. */
  | 'RUNNING';

/** Which recovery points a run uses: exactly one of these. (Reference: Recovery Points.) */
export type RecoveryPointInput =
  {   /** The newest complete point of each group; true. */
  latest: boolean; pointInTime?: never; specific?: never; }
  |  { latest?: never;   /** Of each group the newest complete point at or before this moment. */
  pointInTime: string; specific?: never; }
  |  { latest?: never; pointInTime?: never;   /** One point for each group of the plan. */
  specific: Array<GroupPointInput>; };

/** What kind of recovery to start. (Reference: Recovery Types.) */
export type RecoveryType =
  /** The protected site is lost or being lost. */
  | 'DISASTER'
  /** Both sites are up: an orderly move without loss of data. */
  | 'PLANNED'
  /** A test in isolation: the protected site is not touched, replication goes on. */
  | 'TEST';

/** How a run went. (Reference: result_state.) */
export type ResultState =
  /** Somebody cancelled it. */
  | 'CANCELLED'
  /** It failed. */
  | 'FAILED'
  /** Some VMs failed. */
  | 'PARTIAL'
  /** Everything as planned. */
  | 'SUCCESS'
  /** Everything recovered, with something to look at. */
  | 'WARNING';

/** What a user may do; a user has a set of these. Expect roles that are added later. */
export type Role =
  /** Users, sites, limits, audit. Includes no other role but VIEWER. */
  | 'ADMIN'
  /** Groups, plans, settings of VMs, mappings, drills; not commands. */
  | 'EDITOR'
  /** Tests, cleanup, prompts, control of tests. */
  | 'OPERATOR'
  /** Planned and disaster recovery, reprotect, failback, and control of those runs. Includes OPERATOR. */
  | 'RECOVERY_ADMIN'
  /** Commands that plans run. */
  | 'SCRIPT_EDITOR'
  /** Reads. Every role includes this one. */
  | 'VIEWER';

/** What kind of warning it is. Expect codes that are added later; docs/codes.md lists them with what to do. */
export type RunWarningCode =
  /** A VM is to get an address that another machine at the recovery site has. */
  | 'ADDRESS_IN_USE'
  /** Something that a VM's settings ask for is not possible at the recovery site. */
  | 'CAPABILITY_MISSING'
  /** A resource pool at the recovery site has a CPU limit below what its running VMs and those of the plan may use together. */
  | 'CPU_SHORT'
  /** A datastore at the recovery site has less free room than the run's VMs need. */
  | 'DATASTORE_SHORT'
  /** VMs wait for each other, by dependencies, priorities or priority groups, and none could start. */
  | 'DEPENDENCY_CYCLE'
  /** A VM depends on one that is not part of this run, and does not wait for it. */
  | 'DEPENDENCY_OUTSIDE_RUN'
  /** Two adapters of the plan are to get the same address. */
  | 'DUPLICATE_ADDRESS'
  /** The plan has no protected VM that could be recovered. */
  | 'EMPTY'
  /** A replicated set that is of no use any more could not be stopped. */
  | 'FORMER_REPLICATION_NOT_STOPPED'
  /** A protection group could not be deleted: something of it is still at the recovery site. */
  | 'GROUP_DELETE_FAILED'
  /** A protection group of this plan is being changed, or another plan's run works on it. */
  | 'GROUP_IN_USE'
  /** The plan goes back to the other site, and a group of it has not been replicated there: it is not part of the run. */
  | 'GROUP_LEFT_OUT'
  /** A protection group was recovered by another plan. */
  | 'GROUP_RECOVERED_ELSEWHERE'
  /** A command in the guest is set for before power-on, when there is no guest; it is left out. */
  | 'GUEST_COMMAND_TOO_EARLY'
  /** A network, folder, resource pool or datastore that VMs would be put on is no longer listed at the recovery site. */
  | 'INVENTORY_MISSING'
  /** An IP rule matches none of the VM's adapters and has no effect. */
  | 'IP_RULE_UNMATCHED'
  /** Things that a test made could not be removed and are still at the recovery site. */
  | 'LEFTOVERS'
  /** A network, folder or resource pool that a VM uses is not mapped to the recovery site. */
  | 'MAPPING_MISSING'
  /** A resource pool at the recovery site has a memory limit below what its running VMs and those of the plan need together. */
  | 'MEMORY_SHORT'
  /** A protected VM no longer exists at its source; it can still be recovered from its replica. */
  | 'MISSING_AT_SOURCE'
  /** The plan's protection groups are protected in different directions. */
  | 'MIXED_DIRECTION'
  /** A planned failover, which is meant for the way back, of a plan that no reprotect has turned round: it recovers in the plan's first direction. */
  | 'NEVER_REVERSED'
  /** A recovery ended before the group was recovered, and has changed things at the protected site already. */
  | 'NOT_RECOVERED'
  /** A group has no complete recovery point. */
  | 'NO_RECOVERY_POINT'
  /** One that this release does not know; the message says what it is. */
  | 'OTHER'
  /** The gateway died while a command ran, so nobody knows what it did; it is not marked rerunnable and was not run again. */
  | 'OUTCOME_UNKNOWN'
  /** A VM's placeholder at the recovery site could not be made or removed, so the VM can't be recovered. */
  | 'PLACEHOLDER_FAILED'
  /** Nobody answered a prompt in time; its default answer was taken. */
  | 'PROMPT_TIMED_OUT'
  /** Something that a disaster recovery wanted done at the protected site was not done there; the run went on without. */
  | 'PROTECTED_SITE_FAILED'
  /** The group was recovered and can't be reprotected: the site that it came from is gone for good, or none of its VMs is recovered. */
  | 'PROTECTION_ENDED'
  /** A VM is on but did not pass its ready check in time; the run went on. */
  | 'READY_TIMED_OUT'
  /** Replication could not be configured, or the first synchronisation failed. */
  | 'REPLICATION_FAILED'
  /** A recovered group could not be protected in the other direction. */
  | 'REPROTECT_FAILED'
  /** A group's newest complete recovery point is older than its RPO. */
  | 'RPO_VIOLATION'
  /** A command names a program that is not in the scripts folder, or can't be run from there; its step would fail. */
  | 'SCRIPT_MISSING'
  /** A command in a guest needs a secret that is not there; its step would fail. */
  | 'SECRET_MISSING'
  /** A site can't be reached. */
  | 'SITE_DISCONNECTED'
  /** The recovery site did not answer when a forced cleanup started, so only what the test has recorded is removed. */
  | 'SITE_NOT_ASKED'
  /** A recovered VM's original is not proven off: both may run. */
  | 'SPLIT_BRAIN'
  /** A step did not end as it should have, and the run went on as its settings say. */
  | 'STEP_WARNING'
  /** A group could not be synchronised; its newest complete recovery point is used instead. */
  | 'SYNC_FAILED'
  /** The protected site is disconnected, so nothing was synchronised; the newest complete recovery points are used. */
  | 'SYNC_IGNORED'
  /** The protected site can't be reached, so nothing keeps its VMs from running beside the recovered ones; somebody has accepted that. */
  | 'UNFENCED'
  /** A VM is on a datastore that a protection group replicates, and is not a member of the group. */
  | 'UNPROTECTED_VM'
  /** A VM has no placeholder at the recovery site and is left out of the run. */
  | 'VM_NOT_CONFIGURED'
  /** A VM was not recovered with its group, so it is not protected in the direction that the group has now. */
  | 'VM_NOT_RECOVERED';

/** Which plan, and how. (Reference: Start Recovery.) */
export type StartRecoveryInput = {
  /** PLANNED: what was written since the recovery points may be lost. Needed where syncData is false. */
  acceptDataLoss?: boolean | null | undefined;
  /** DISASTER: the protected site can't be reached, and you make sure that its VMs are off. It is recorded who said so. */
  acceptUnfenced?: boolean | null | undefined;
  /** What a failure does; by default PAUSE for a planned recovery, CONTINUE for a test and a disaster recovery. */
  failurePolicy?: FailurePolicy | null | undefined;
  /** At most 255 characters, unique per user and mutation for 24 h: the same key and input gets the first answer, other input CONFLICT. */
  idempotencyKey?: string | null | undefined;
  /** Kept with the recovery, at most 4,096 characters. */
  notes?: string | null | undefined;
  /** The recovery plan. */
  planId: string;
  /** Power the recovered VMs on; true by default. Without it their steps end at their registration. */
  powerOnVms?: boolean | null | undefined;
  /** Which recovery points are used; the latest by default, and always for PLANNED. */
  recoveryPoint?: RecoveryPointInput | null | undefined;
  /** TEST, PLANNED or DISASTER. */
  recoveryType: RecoveryType;
  /** Run commands; true by default. Without it commands are left out, prompts stay. */
  runScripts?: boolean | null | undefined;
  /** Synchronise storage first; true by default. Left out, with a warning, while the protected site is disconnected. */
  syncData?: boolean | null | undefined;
};

/** The reference's result_state of a step, from its status. */
export type StepResult =
  /** CANCELLED. */
  | 'CANCELLED'
  /** FAILED. */
  | 'FAILED'
  /** SKIPPED. */
  | 'SKIPPED'
  /** SUCCEEDED or ALREADY_DONE. */
  | 'SUCCESS'
  /** WARNING. */
  | 'WARNING';

/** Status of a step. Expect values that are added later. */
export type StepStatus =
  /** An earlier run had done it. */
  | 'ALREADY_DONE'
  /** The run was cancelled before or while it worked. */
  | 'CANCELLED'
  /** It could not do it. */
  | 'FAILED'
  /** It has not started. */
  | 'PENDING'
  /** It is at work. */
  | 'RUNNING'
  /** It was left out; the message says why. */
  | 'SKIPPED'
  /** It did what it should. */
  | 'SUCCEEDED'
  /** It waits for a person or a time. */
  | 'WAITING'
  /** It did it, with something to look at. */
  | 'WARNING';

export type SignInMutationVariables = Exact<{
  input: CreateSessionInput;
}>;


export type SignInMutation = { createSession:
    | { code: ErrorCode, message: string, remedy: string }
    | { token: string, expiresAt: string, viewer: { name: string, roles: Array<Role> } }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
   | null };

export type ListPlansQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ListPlansQuery = { recoveryPlans: { nodes: Array<{ id: string, name: string, state: RecoveryPlanState, lifecycle: PlanLifecycle, faults: Array<{ message: string, remedy: string }>, priorityGroups: Array<{ priority: number, name: string, vmCount: number, prePowerOnSteps: Array<
          | { name: string, type: PlanStepType }
          | { name: string, type: PlanStepType }
          | { name: string, type: PlanStepType }
        >, postPowerOnSteps: Array<
          | { name: string, type: PlanStepType }
          | { name: string, type: PlanStepType }
          | { name: string, type: PlanStepType }
        > }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } | null };

export type StartTestMutationVariables = Exact<{
  input: StartRecoveryInput;
}>;


export type StartTestMutation = { startRecovery:
    | { code: ErrorCode, message: string, remedy: string, activeRecoveryId: string | null }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string, fieldErrors: Array<{ path: Array<string>, message: string }> }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { recovery: { id: string } }
   | null };

export type WatchRecoverySubscriptionVariables = Exact<{
  recoveryId: string;
  after?: string | null | undefined;
}>;


export type WatchRecoverySubscription = { recoveryEvents: { cursor: string, events: Array<
      | { __typename: 'CommandOutputEvent', occurredAt: string }
      | { __typename: 'ProgressEvent', progressPercent: number, currentStep: string | null, occurredAt: string }
      | { __typename: 'PromptAnsweredEvent', occurredAt: string }
      | { __typename: 'PromptOpenedEvent', occurredAt: string, question: string | null, prompt: { id: string, open: boolean } | null }
      | { __typename: 'RecoveryEndedEvent', resultState: ResultState, occurredAt: string }
      | { __typename: 'RecoveryStateChangedEvent', occurredAt: string }
      | { __typename: 'StepChangedEvent', number: string, name: string, status: StepStatus, message: string | null, occurredAt: string }
    > } | null };

export type AnswerPromptMutationVariables = Exact<{
  input: AnswerPromptInput;
}>;


export type AnswerPromptMutation = { answerPrompt:
    | { prompt: { answer: PromptAnswer | null } }
    | { code: ErrorCode, message: string, remedy: string, answeredBy: string | null, answer: PromptAnswer | null }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
   | null };

export type CleanUpMutationVariables = Exact<{
  input: CleanupTestInput;
}>;


export type CleanUpMutation = { cleanupTest:
    | { recovery: { id: string } }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
   | null };

export type ReadRunQueryVariables = Exact<{
  id: string;
}>;


export type ReadRunQuery = { recovery: { planName: string, resultState: ResultState | null, durationSeconds: number | null, rtoAchievedSeconds: number | null, rpoAchievedSeconds: number | null, warnings: Array<{ code: RunWarningCode, message: string }>, priorityGroups: Array<{ priority: number, name: string, resultState: StepResult | null, vmRecoveries: Array<{ vmName: string, resultState: StepResult | null, ipAddress: string | null, errors: Array<string> }>, stepResults: Array<{ name: string, resultState: StepResult | null, durationSeconds: number | null }> }> } | null };

export type SignOutMutationVariables = Exact<{ [key: string]: never; }>;


export type SignOutMutation = { deleteSession:
    | { code: ErrorCode, message: string, remedy: string }
    | { deleted: boolean }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
    | { code: ErrorCode, message: string, remedy: string }
   | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const SignInDocument = new TypedDocumentString(`
    mutation SignIn($input: CreateSessionInput!) {
  createSession(input: $input) {
    ... on CreateSessionPayload {
      token
      expiresAt
      viewer {
        name
        roles
      }
    }
    ... on Error {
      code
      message
      remedy
    }
  }
}
    `) as unknown as TypedDocumentString<SignInMutation, SignInMutationVariables>;
export const ListPlansDocument = new TypedDocumentString(`
    query ListPlans($after: String) {
  recoveryPlans(first: 50, after: $after) {
    nodes {
      id
      name
      state
      lifecycle
      faults {
        message
        remedy
      }
      priorityGroups {
        priority
        name
        vmCount
        prePowerOnSteps {
          name
          type
        }
        postPowerOnSteps {
          name
          type
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<ListPlansQuery, ListPlansQueryVariables>;
export const StartTestDocument = new TypedDocumentString(`
    mutation StartTest($input: StartRecoveryInput!) {
  startRecovery(input: $input) {
    ... on StartRecoveryPayload {
      recovery {
        id
      }
    }
    ... on Error {
      code
      message
      remedy
    }
    ... on ConflictError {
      activeRecoveryId
    }
    ... on InvalidRequestError {
      fieldErrors {
        path
        message
      }
    }
  }
}
    `) as unknown as TypedDocumentString<StartTestMutation, StartTestMutationVariables>;
export const WatchRecoveryDocument = new TypedDocumentString(`
    subscription WatchRecovery($recoveryId: ID!, $after: String) {
  recoveryEvents(recoveryId: $recoveryId, after: $after) {
    cursor
    events {
      __typename
      occurredAt
      ... on StepChangedEvent {
        number
        name
        status
        message
      }
      ... on ProgressEvent {
        progressPercent
        currentStep
      }
      ... on PromptOpenedEvent {
        question: message
        prompt {
          id
          open
        }
      }
      ... on RecoveryEndedEvent {
        resultState
      }
    }
  }
}
    `) as unknown as TypedDocumentString<WatchRecoverySubscription, WatchRecoverySubscriptionVariables>;
export const AnswerPromptDocument = new TypedDocumentString(`
    mutation AnswerPrompt($input: AnswerPromptInput!) {
  answerPrompt(input: $input) {
    ... on AnswerPromptPayload {
      prompt {
        answer
      }
    }
    ... on Error {
      code
      message
      remedy
    }
    ... on ConflictError {
      answeredBy
      answer
    }
  }
}
    `) as unknown as TypedDocumentString<AnswerPromptMutation, AnswerPromptMutationVariables>;
export const CleanUpDocument = new TypedDocumentString(`
    mutation CleanUp($input: CleanupTestInput!) {
  cleanupTest(input: $input) {
    ... on CleanupTestPayload {
      recovery {
        id
      }
    }
    ... on Error {
      code
      message
      remedy
    }
  }
}
    `) as unknown as TypedDocumentString<CleanUpMutation, CleanUpMutationVariables>;
export const ReadRunDocument = new TypedDocumentString(`
    query ReadRun($id: ID!) {
  recovery(id: $id) {
    planName
    resultState
    durationSeconds
    rtoAchievedSeconds
    rpoAchievedSeconds
    warnings {
      code
      message
    }
    priorityGroups {
      priority
      name
      resultState
      vmRecoveries {
        vmName
        resultState
        ipAddress
        errors
      }
      stepResults {
        name
        resultState
        durationSeconds
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ReadRunQuery, ReadRunQueryVariables>;
export const SignOutDocument = new TypedDocumentString(`
    mutation SignOut {
  deleteSession {
    ... on DeleteSessionPayload {
      deleted
    }
    ... on Error {
      code
      message
      remedy
    }
  }
}
    `) as unknown as TypedDocumentString<SignOutMutation, SignOutMutationVariables>;