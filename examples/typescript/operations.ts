/** What the example asks for. `npm run codegen` makes the types from these texts and the schema. */
import { graphql } from "./generated/index.ts";

export const signIn = graphql(`
  mutation SignIn($input: CreateSessionInput!) {
    createSession(input: $input) {
      ... on CreateSessionPayload { token expiresAt viewer { name roles } }
      ... on Error { code message remedy }
    }
  }
`);

export const listPlans = graphql(`
  query ListPlans($after: String) {
    recoveryPlans(first: 50, after: $after) {
      nodes {
        id
        name
        state
        lifecycle
        faults { message remedy }
        priorityGroups {
          priority
          name
          vmCount
          prePowerOnSteps { name type }
          postPowerOnSteps { name type }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export const startTest = graphql(`
  mutation StartTest($input: StartRecoveryInput!) {
    startRecovery(input: $input) {
      ... on StartRecoveryPayload { recovery { id } }
      ... on Error { code message remedy }
      ... on ConflictError { activeRecoveryId }
      ... on InvalidRequestError { fieldErrors { path message } }
    }
  }
`);

export const watchRecovery = graphql(`
  subscription WatchRecovery($recoveryId: ID!, $after: String) {
    recoveryEvents(recoveryId: $recoveryId, after: $after) {
      cursor
      events {
        __typename
        occurredAt
        ... on StepChangedEvent { number name status message }
        ... on ProgressEvent { progressPercent currentStep }
        ... on PromptOpenedEvent { question: message prompt { id open } }
        ... on RecoveryEndedEvent { resultState }
      }
    }
  }
`);

export const answerPrompt = graphql(`
  mutation AnswerPrompt($input: AnswerPromptInput!) {
    answerPrompt(input: $input) {
      ... on AnswerPromptPayload { prompt { answer } }
      ... on Error { code message remedy }
      ... on ConflictError { answeredBy answer }
    }
  }
`);

export const cleanUp = graphql(`
  mutation CleanUp($input: CleanupTestInput!) {
    cleanupTest(input: $input) {
      ... on CleanupTestPayload { recovery { id } }
      ... on Error { code message remedy }
    }
  }
`);

export const readRun = graphql(`
  query ReadRun($id: ID!) {
    recovery(id: $id) {
      planName
      resultState
      durationSeconds
      rtoAchievedSeconds
      rpoAchievedSeconds
      warnings { code message }
      priorityGroups {
        priority
        name
        resultState
        vmRecoveries { vmName resultState ipAddress errors }
        stepResults { name resultState durationSeconds }
      }
    }
  }
`);

export const signOut = graphql(`
  mutation SignOut {
    deleteSession {
      ... on DeleteSessionPayload { deleted }
      ... on Error { code message remedy }
    }
  }
`);
