/* eslint-disable */
import * as types from './graphql.ts';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  mutation SignIn($input: CreateSessionInput!) {\n    createSession(input: $input) {\n      ... on CreateSessionPayload { token expiresAt viewer { name roles } }\n      ... on Error { code message remedy }\n    }\n  }\n": typeof types.SignInDocument,
    "\n  query ListPlans($after: String) {\n    recoveryPlans(first: 50, after: $after) {\n      nodes {\n        id\n        name\n        state\n        lifecycle\n        faults { message remedy }\n        priorityGroups {\n          priority\n          name\n          vmCount\n          prePowerOnSteps { name type }\n          postPowerOnSteps { name type }\n        }\n      }\n      pageInfo { hasNextPage endCursor }\n    }\n  }\n": typeof types.ListPlansDocument,
    "\n  mutation StartTest($input: StartRecoveryInput!) {\n    startRecovery(input: $input) {\n      ... on StartRecoveryPayload { recovery { id } }\n      ... on Error { code message remedy }\n      ... on ConflictError { activeRecoveryId }\n      ... on InvalidRequestError { fieldErrors { path message } }\n    }\n  }\n": typeof types.StartTestDocument,
    "\n  subscription WatchRecovery($recoveryId: ID!, $after: String) {\n    recoveryEvents(recoveryId: $recoveryId, after: $after) {\n      cursor\n      events {\n        __typename\n        occurredAt\n        ... on StepChangedEvent { number name status message }\n        ... on ProgressEvent { progressPercent currentStep }\n        ... on PromptOpenedEvent { question: message prompt { id open } }\n        ... on RecoveryEndedEvent { resultState }\n      }\n    }\n  }\n": typeof types.WatchRecoveryDocument,
    "\n  mutation AnswerPrompt($input: AnswerPromptInput!) {\n    answerPrompt(input: $input) {\n      ... on AnswerPromptPayload { prompt { answer } }\n      ... on Error { code message remedy }\n      ... on ConflictError { answeredBy answer }\n    }\n  }\n": typeof types.AnswerPromptDocument,
    "\n  mutation CleanUp($input: CleanupTestInput!) {\n    cleanupTest(input: $input) {\n      ... on CleanupTestPayload { recovery { id } }\n      ... on Error { code message remedy }\n    }\n  }\n": typeof types.CleanUpDocument,
    "\n  query ReadRun($id: ID!) {\n    recovery(id: $id) {\n      planName\n      resultState\n      durationSeconds\n      rtoAchievedSeconds\n      rpoAchievedSeconds\n      warnings { code message }\n      priorityGroups {\n        priority\n        name\n        resultState\n        vmRecoveries { vmName resultState ipAddress errors }\n        stepResults { name resultState durationSeconds }\n      }\n    }\n  }\n": typeof types.ReadRunDocument,
    "\n  mutation SignOut {\n    deleteSession {\n      ... on DeleteSessionPayload { deleted }\n      ... on Error { code message remedy }\n    }\n  }\n": typeof types.SignOutDocument,
};
const documents: Documents = {
    "\n  mutation SignIn($input: CreateSessionInput!) {\n    createSession(input: $input) {\n      ... on CreateSessionPayload { token expiresAt viewer { name roles } }\n      ... on Error { code message remedy }\n    }\n  }\n": types.SignInDocument,
    "\n  query ListPlans($after: String) {\n    recoveryPlans(first: 50, after: $after) {\n      nodes {\n        id\n        name\n        state\n        lifecycle\n        faults { message remedy }\n        priorityGroups {\n          priority\n          name\n          vmCount\n          prePowerOnSteps { name type }\n          postPowerOnSteps { name type }\n        }\n      }\n      pageInfo { hasNextPage endCursor }\n    }\n  }\n": types.ListPlansDocument,
    "\n  mutation StartTest($input: StartRecoveryInput!) {\n    startRecovery(input: $input) {\n      ... on StartRecoveryPayload { recovery { id } }\n      ... on Error { code message remedy }\n      ... on ConflictError { activeRecoveryId }\n      ... on InvalidRequestError { fieldErrors { path message } }\n    }\n  }\n": types.StartTestDocument,
    "\n  subscription WatchRecovery($recoveryId: ID!, $after: String) {\n    recoveryEvents(recoveryId: $recoveryId, after: $after) {\n      cursor\n      events {\n        __typename\n        occurredAt\n        ... on StepChangedEvent { number name status message }\n        ... on ProgressEvent { progressPercent currentStep }\n        ... on PromptOpenedEvent { question: message prompt { id open } }\n        ... on RecoveryEndedEvent { resultState }\n      }\n    }\n  }\n": types.WatchRecoveryDocument,
    "\n  mutation AnswerPrompt($input: AnswerPromptInput!) {\n    answerPrompt(input: $input) {\n      ... on AnswerPromptPayload { prompt { answer } }\n      ... on Error { code message remedy }\n      ... on ConflictError { answeredBy answer }\n    }\n  }\n": types.AnswerPromptDocument,
    "\n  mutation CleanUp($input: CleanupTestInput!) {\n    cleanupTest(input: $input) {\n      ... on CleanupTestPayload { recovery { id } }\n      ... on Error { code message remedy }\n    }\n  }\n": types.CleanUpDocument,
    "\n  query ReadRun($id: ID!) {\n    recovery(id: $id) {\n      planName\n      resultState\n      durationSeconds\n      rtoAchievedSeconds\n      rpoAchievedSeconds\n      warnings { code message }\n      priorityGroups {\n        priority\n        name\n        resultState\n        vmRecoveries { vmName resultState ipAddress errors }\n        stepResults { name resultState durationSeconds }\n      }\n    }\n  }\n": types.ReadRunDocument,
    "\n  mutation SignOut {\n    deleteSession {\n      ... on DeleteSessionPayload { deleted }\n      ... on Error { code message remedy }\n    }\n  }\n": types.SignOutDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignIn($input: CreateSessionInput!) {\n    createSession(input: $input) {\n      ... on CreateSessionPayload { token expiresAt viewer { name roles } }\n      ... on Error { code message remedy }\n    }\n  }\n"): typeof import('./graphql.ts').SignInDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ListPlans($after: String) {\n    recoveryPlans(first: 50, after: $after) {\n      nodes {\n        id\n        name\n        state\n        lifecycle\n        faults { message remedy }\n        priorityGroups {\n          priority\n          name\n          vmCount\n          prePowerOnSteps { name type }\n          postPowerOnSteps { name type }\n        }\n      }\n      pageInfo { hasNextPage endCursor }\n    }\n  }\n"): typeof import('./graphql.ts').ListPlansDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation StartTest($input: StartRecoveryInput!) {\n    startRecovery(input: $input) {\n      ... on StartRecoveryPayload { recovery { id } }\n      ... on Error { code message remedy }\n      ... on ConflictError { activeRecoveryId }\n      ... on InvalidRequestError { fieldErrors { path message } }\n    }\n  }\n"): typeof import('./graphql.ts').StartTestDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription WatchRecovery($recoveryId: ID!, $after: String) {\n    recoveryEvents(recoveryId: $recoveryId, after: $after) {\n      cursor\n      events {\n        __typename\n        occurredAt\n        ... on StepChangedEvent { number name status message }\n        ... on ProgressEvent { progressPercent currentStep }\n        ... on PromptOpenedEvent { question: message prompt { id open } }\n        ... on RecoveryEndedEvent { resultState }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').WatchRecoveryDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation AnswerPrompt($input: AnswerPromptInput!) {\n    answerPrompt(input: $input) {\n      ... on AnswerPromptPayload { prompt { answer } }\n      ... on Error { code message remedy }\n      ... on ConflictError { answeredBy answer }\n    }\n  }\n"): typeof import('./graphql.ts').AnswerPromptDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CleanUp($input: CleanupTestInput!) {\n    cleanupTest(input: $input) {\n      ... on CleanupTestPayload { recovery { id } }\n      ... on Error { code message remedy }\n    }\n  }\n"): typeof import('./graphql.ts').CleanUpDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ReadRun($id: ID!) {\n    recovery(id: $id) {\n      planName\n      resultState\n      durationSeconds\n      rtoAchievedSeconds\n      rpoAchievedSeconds\n      warnings { code message }\n      priorityGroups {\n        priority\n        name\n        resultState\n        vmRecoveries { vmName resultState ipAddress errors }\n        stepResults { name resultState durationSeconds }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ReadRunDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignOut {\n    deleteSession {\n      ... on DeleteSessionPayload { deleted }\n      ... on Error { code message remedy }\n    }\n  }\n"): typeof import('./graphql.ts').SignOutDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
