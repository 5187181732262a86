import { builder } from "../builder.ts";
import { InvalidRequestError } from "../errors.ts";
import { type SignIn, signedIn } from "./caller.ts";
import type { NewSession } from "./sessions.ts";
import { ViewerRef } from "./types-viewer.ts";

const CreateSessionInput = builder.inputType("CreateSessionInput", {
  description: "Who signs in.",
  fields: (t) => ({
    user: t.string({ required: true, description: "The user's name, without regard to case." }),
    password: t.string({ required: true, description: "The password." }),
  }),
});

const CreateSessionPayload = builder.objectRef<NewSession>("CreateSessionPayload").implement({
  description: "A new session.",
  fields: (t) => ({
    token: t.exposeString("token", {
      description:
        "Shown this once. Send it in the header session-token (or vmware-api-session-id, or Authorization: Bearer), over WebSocket as sessionToken in connectionParams.",
    }),
    createdAt: t.field({ type: "DateTime", description: "When it began.", resolve: ({ createdAt }) => createdAt }),
    expiresAt: t.field({ type: "DateTime", description: "When it ends.", resolve: ({ viewer }) => viewer.expiresAt }),
    viewer: t.field({ type: ViewerRef, description: "Who has signed in.", resolve: ({ viewer }) => viewer }),
  }),
});

const DeleteSessionPayload = builder.objectRef<{ readonly deleted: boolean }>("DeleteSessionPayload").implement({
  description: "The session is over.",
  fields: (t) => ({
    deleted: t.exposeBoolean("deleted", { description: "Whether this request ended it; false: it was over already, or there was none." }),
  }),
});

const anybody = { anybody: true } as const;

builder.queryField("viewer", (t) =>
  t.field({
    type: ViewerRef,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "Who asks, by the request's session.",
    resolve: (_root, _args, context) => {
      signedIn(context);
      return context.viewer;
    },
  }),
);

builder.mutationFields((t) => ({
  createSession: t.field({
    type: CreateSessionPayload,
    nullable: true,
    authScopes: anybody,
    errors: {},
    description:
      "Signs in. Needs no session. A wrong user or password is a top-level UNAUTHORIZED; after five of them in a minute it is SERVICE_UNAVAILABLE with status 429. (Reference: Session Creation.)",
    args: { input: t.arg({ type: CreateSessionInput, description: "Who; without it the header Authorization: Basic says so." }) },
    resolve: (_root, { input }, { services, basic, address }) => services.sessions.create(input ?? basic ?? nobody(), address),
  }),
  deleteSession: t.field({
    type: DeleteSessionPayload,
    nullable: true,
    authScopes: anybody,
    errors: {},
    description:
      "Signs out: ends the session that the request is made with, and closes its sockets and streams. Again: the same. A token of an identity provider is INVALID_REQUEST: only its issuer can end it. (Reference: Session Termination.)",
    resolve: async (_root, _args, { services, token }) => ({ deleted: token !== null && (await services.sessions.remove(token)) }),
  }),
}));

function nobody(): SignIn {
  const message = "Give user and password as input, or in the header Authorization: Basic.";
  throw new InvalidRequestError(message, [{ path: [], message }]);
}
