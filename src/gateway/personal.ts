/**
 * What of a caller an answer may depend on and still be anybody's with the same rights: the roles, and what is the same for all. Whatever
 * else is read while an operation is executed is told, by being read: no field has to declare it, and none can forget to.
 */
import type { Caller } from "../domain/access/caller.ts";
import type { Viewer } from "../domain/viewer.ts";

/** A context whose reader is watched: `told` is called when what is the caller's own is read from it. It has nothing else that was made of the caller. */
export function watched<T extends object>(context: T, caller: Caller, told: () => void): T {
  return Object.defineProperties(context, Object.getOwnPropertyDescriptors(watchedCaller(caller, told)));
}

/** Those with the same rights get the same answers, unless something personal is read. */
export const rightsOf = ({ viewer }: Pick<Caller, "viewer">): string => (viewer === null ? "nobody" : [...viewer.roles].sort().join(" "));

/** Every property is named, so that a new one has to be decided on. */
function watchedCaller(caller: Caller, told: () => void): Caller {
  const own = <V>(value: V): V => {
    told();
    return value;
  };
  return {
    viewer: caller.viewer && watchedViewer(caller.viewer, own),
    wireLimits: caller.wireLimits,
    get requestId() {
      return own(caller.requestId);
    },
    get address() {
      return own(caller.address);
    },
    get refusal() {
      return own(caller.refusal);
    },
    get token() {
      return own(caller.token);
    },
    get basic() {
      return own(caller.basic);
    },
    get rateLimit() {
      return own(caller.rateLimit);
    },
    get openStreams() {
      return own(caller.openStreams);
    },
    get onLagging() {
      return own(caller.onLagging);
    },
  };
}

function watchedViewer(viewer: Viewer, own: <V>(value: V) => V): Viewer {
  return {
    roles: viewer.roles,
    get userId() {
      return own(viewer.userId);
    },
    get name() {
      return own(viewer.name);
    },
    get sessionId() {
      return own(viewer.sessionId);
    },
    get expiresAt() {
      return own(viewer.expiresAt);
    },
  };
}
