/** Who asks, and how often it still may. */
import { builder } from "../builder.ts";
import type { Viewer } from "../viewer.ts";
import type { RateLimit } from "./caller.ts";
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

export const ViewerRef = builder.objectRef<Viewer>("Viewer").implement({
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
