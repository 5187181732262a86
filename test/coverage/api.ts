/** The API as a client has it: one HTTP port, a token, operations and their answers. */
import { expect } from "vitest";
import type { Database } from "../../src/database/database.ts";
import { type GraphqlAnswer, post } from "../gateway/support.ts";

/** An answer's shape is what a test asserts. */
export type Json = ReturnType<typeof JSON.parse>;

export interface Api {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly token: string;
  /** For what only time brings about. */
  readonly database: Database;
  /** Status, headers, data and errors. */
  send(query: string, variables?: object, headers?: Record<string, string>): Promise<GraphqlAnswer>;
  /** The data; fails when there are errors. */
  ask(query: string, variables?: object): Promise<Json>;
  /** The payload of one mutation by its name; fails when it is an error. */
  change(mutation: string, input: object, payload: string): Promise<Json>;
  /** The error that a mutation answers with; fails when it is a payload. */
  refused(mutation: string, input: object): Promise<Json>;
  /** The code and remedy of an operation's first top-level error. */
  failed(query: string, variables?: object, headers?: Record<string, string>): Promise<Json>;
}

const errorFields = `... on Error { __typename code message remedy requestId timestamp }
  ... on InvalidRequestError { fieldErrors { path message } }
  ... on ForbiddenError { requiredRole requiredRoles }
  ... on NotFoundError { resource resourceId }
  ... on PreconditionFailedError { reason }
  ... on ServiceUnavailableError { retryAfterSeconds }
  ... on ConflictError { planName lifecycle activeRecoveryId activeTaskId limit current version }`;

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export function apiOf(url: string, { user, password, token, database }: Pick<Api, "user" | "password" | "token" | "database">): Api {
  const send: Api["send"] = (query, variables = {}, headers = { "session-token": token }) => post(url, { query, variables }, headers);
  const mutate = async (mutation: string, input: object, payload: string): Promise<Json> => {
    const type = upperFirst(mutation);
    const query = `mutation ($input: ${type}Input!) { ${mutation}(input: $input) { __typename ... on ${type}Payload { ${payload} } ${errorFields} } }`;
    const { data, errors } = await send(query, { input });
    expect(errors?.map(({ message }) => message).join(" "), query).toBeUndefined();
    return data?.[mutation];
  };
  return {
    url,
    user,
    password,
    token,
    database,
    send,
    async ask(query, variables) {
      const { data, errors } = await send(query, variables);
      expect(errors?.map(({ message }) => message).join(" "), query).toBeUndefined();
      return data;
    },
    async change(mutation, input, payload) {
      const answer = await mutate(mutation, input, payload);
      expect(answer, JSON.stringify(answer)).toMatchObject({ __typename: `${upperFirst(mutation)}Payload` });
      return answer;
    },
    async refused(mutation, input) {
      const answer = await mutate(mutation, input, "__typename");
      const wellFormed = {
        message: expect.any(String),
        remedy: expect.any(String),
        requestId: expect.any(String),
        timestamp: expect.any(String),
      };
      expect(answer).toMatchObject({ code: expect.any(String), ...wellFormed });
      return answer;
    },
    async failed(query, variables, headers) {
      const { data, errors, status } = await send(query, variables, headers);
      expect(errors, JSON.stringify(data)).toBeDefined();
      return { status, ...errors?.[0]?.extensions, message: errors?.[0]?.message };
    },
  };
}
