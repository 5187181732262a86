import { builder } from "../builder.ts";
import { InvalidRequestError } from "../errors.ts";
import type { Viewer } from "../viewer.ts";
import { type RateLimit, type SignIn, signedIn } from "./caller.ts";
import type { NewSession } from "./sessions.ts";
import { RoleType } from "./types-enums.ts";

const RateLimitType = builder.objectRef<RateLimit>("RateLimit").implement({
  description:
    "Requests that a session may make in any minute, on the node that answers. A subscription counts when it starts; answering prompts, cancelling, pausing, resuming and signing out are counted apart. (Reference: Rate Limits and Quotas.)",
  fields: (t) => ({
    limitPerMinute: t.exposeInt("limitPerMinute", { description: "How many in any minute." }),
    remaining: t.exposeInt("remaining", { description: "How many more now." }),
    resetAt: t.expose("resetAt", { type: "DateTime", description: "When there is room for one more than that, unless all are left." }),
  }),
});

const ViewerType = builder.objectRef<Viewer>("Viewer").implement({
  description: "Who asks.",
  fields: (t) => ({
    name: t.exposeString("name", { description: "The user's name." }),
    roles: t.field({ type: [RoleType], description: "What the user may do.", resolve: ({ roles: held }) => [...held] }),
    sessionExpiresAt: t.field({
      type: "DateTime",
      description:
        "When this session (or token of an identity provider) ends, however much it is used. Its sockets and streams are closed then.",
      resolve: ({ expiresAt }) => expiresAt,
    }),
    rateLimit: t.field({
      type: RateLimitType,
      description: "How many more requests the session may make, with this one counted.",
      resolve: ({ sessionId }, _args, { viewer, rateLimit }) =>
        viewer?.sessionId === sessionId ? rateLimit : { ...rateLimit, remaining: rateLimit.limitPerMinute, resetAt: new Date() },
    }),
  }),
});

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
    viewer: t.field({ type: ViewerType, description: "Who has signed in.", resolve: ({ viewer }) => viewer }),
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
    type: ViewerType,
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
