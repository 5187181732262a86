import { expect } from "vitest";
import type { Api, Json } from "./api.ts";
import type { Rows } from "./row.ts";

const create = `mutation ($input: CreateSessionInput) { createSession(input: $input) {
  __typename ... on CreateSessionPayload { token createdAt expiresAt viewer { name roles sessionExpiresAt } } ... on InvalidRequestError { code message } } }`;
const remove = "mutation { deleteSession { __typename ... on DeleteSessionPayload { deleted } } }";
const viewer = "{ viewer { name roles sessionExpiresAt } }";
const basic = ({ user, password }: Pick<Api, "user" | "password">) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

const newSession = async (api: Api): Promise<Json> => {
  const { data } = await api.send(create, {}, basic(api));
  return data?.createSession;
};

export const sessionRows: Rows = {
  "POST /sessions (Basic), session token header, DELETE /sessions, expiry": {
    good: [
      [
        "a session begins with the Basic header or with user and password, and says when it ends",
        async (api) => {
          const byHeader = await newSession(api);
          expect(byHeader).toMatchObject({ token: expect.any(String), viewer: { name: api.user } });
          expect(Date.parse(byHeader.expiresAt) - Date.parse(byHeader.createdAt)).toBe(8 * 3_600_000);
          const { data } = await api.send(create, { input: { user: api.user, password: api.password } }, {});
          expect(data?.createSession).toMatchObject({ __typename: "CreateSessionPayload" });
        },
      ],
      [
        "its token counts in each of the three headers",
        async (api) => {
          for (const headers of [
            { "session-token": api.token },
            { "vmware-api-session-id": api.token },
            { authorization: `Bearer ${api.token}` },
          ]) {
            expect((await api.send(viewer, {}, headers)).data).toMatchObject({ viewer: { name: api.user } });
          }
        },
      ],
      [
        "a deleted session is over, and deleting it again is a success",
        async (api) => {
          const { token } = await newSession(api);
          const headers = { "session-token": token };
          expect((await api.send(remove, {}, headers)).data).toMatchObject({ deleteSession: { deleted: true } });
          expect((await api.send(remove, {}, headers)).data).toMatchObject({ deleteSession: { deleted: false } });
          expect(await api.failed(viewer, {}, headers)).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
        },
      ],
    ],
    bad: [
      [
        "a wrong password is UNAUTHORIZED, and says nothing of who exists",
        async (api) => {
          const wrong = await api.failed(create, {}, basic({ user: api.user, password: "wrong" }));
          const unknown = await api.failed(create, {}, basic({ user: "nobody", password: "wrong" }));
          expect(wrong).toMatchObject({ status: 401, code: "UNAUTHORIZED" });
          expect(unknown.message).toBe(wrong.message);
        },
      ],
      [
        "no credentials are INVALID_REQUEST, an unknown token and two that disagree UNAUTHORIZED",
        async (api) => {
          expect((await api.send(create, {}, {})).data).toMatchObject({ createSession: { code: "INVALID_REQUEST" } });
          expect(await api.failed(viewer, {}, { "session-token": "unknown" })).toMatchObject({ code: "UNAUTHORIZED" });
          const two = { "session-token": api.token, authorization: "Bearer another" };
          expect(await api.failed(viewer, {}, two)).toMatchObject({ code: "UNAUTHORIZED" });
        },
      ],
    ],
  },
};
