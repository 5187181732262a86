/** The one schema builder. Plugins in this order: errors outermost, so that a refusal of the ones behind it is a typed answer too. */
import SchemaBuilder from "@pothos/core";
import ErrorsPlugin from "@pothos/plugin-errors";
import RelayPlugin from "@pothos/plugin-relay";
import ScopeAuthPlugin from "@pothos/plugin-scope-auth";
import ValidationPlugin from "@pothos/plugin-validation";
import "./access/audit-plugin.ts";
import type { Context } from "./context.ts";
import { oncePerPage, pageEntries } from "./cost.ts";
import {
  ConflictError,
  ForbiddenError,
  InvalidRequestError,
  NotFoundError,
  PreconditionFailedError,
  ServiceUnavailableError,
} from "./errors.ts";
import "./fresh-reads.ts";
import { decodeId, encodeId } from "./ids.ts";
import "./relay-at-once.ts";
import { neededRoles, refusedFor } from "./root-roles.ts";
import "./shown.ts";
import "./stream-starts.ts";
import { holds, type Role } from "./viewer.ts";

export interface SchemaTypes {
  Context: Context;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: false;
  DefaultNodeNullability: false;
  AuthScopes: { anybody: boolean; role: Role; anyRole: readonly Role[] };
  Scalars: {
    DateTime: { Input: Date; Output: Date };
    ByteCount: { Input: number; Output: number | bigint };
    ID: { Input: string; Output: string };
  };
  Connection: { totalCount: () => Promise<number> };
}

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export const builder = new SchemaBuilder<SchemaTypes>({
  plugins: [
    ErrorsPlugin,
    "audit",
    "freshReads",
    "rootRoles",
    "streamStarts",
    "cost",
    RelayPlugin,
    ScopeAuthPlugin,
    ValidationPlugin,
    "relayAtOnce",
    "shown",
  ],
  defaultFieldNullability: false,
  errors: {
    directResult: true,
    defaultTypes: [InvalidRequestError, ForbiddenError, NotFoundError, ConflictError, PreconditionFailedError, ServiceUnavailableError],
    unsafelyHandleInputErrors: true,
    defaultUnionOptions: {
      name: ({ fieldName }) => `${upperFirst(fieldName)}Result`,
      description: "What the mutation did, or why it did nothing. Expect members that are added later: every error implements `Error`.",
    },
  },
  relay: {
    clientMutationId: "omit",
    cursorType: "String",
    nodesOnConnection: { description: "The page's entries without their cursors.", cost: pageEntries },
    encodeGlobalID: (typename, id) => encodeId(typename, String(id)),
    decodeGlobalID: (globalId) => decodeId(globalId),
    edgesFieldOptions: { nullable: false, description: "The page's entries, each with its cursor.", cost: pageEntries },
    nodeFieldOptions: { nullable: false, description: "The entry itself." },
    cursorFieldOptions: { description: "This entry's place in the list: `after` or `before` for another page." },
    pageInfoFieldOptions: { description: "Whether there is more, and where this page begins and ends.", cost: oncePerPage },
    pageInfoTypeOptions: { description: "Where a page stands in its list." },
    hasNextPageFieldOptions: { description: "There is more behind this page." },
    hasPreviousPageFieldOptions: { description: "There is more before this page." },
    startCursorFieldOptions: { description: "Cursor of the page's first entry; null for an empty page." },
    endCursorFieldOptions: { description: "Cursor of the page's last entry, `after` for the next page; null for an empty page." },
    firstArgOptions: { description: "How many from the start, 1 to 500; 25 when neither `first` nor `last` is given." },
    lastArgOptions: { description: "How many from the end, 1 to 500; not together with `first`." },
    afterArgOptions: { description: "Only what comes behind this cursor; from a list in the same order." },
    beforeArgOptions: { description: "Only what comes before this cursor; from a list in the same order." },
    nodeTypeOptions: { description: "Something with an id that `node` finds again." },
    idFieldOptions: { description: "Global id, opaque and stable." },
    nodeQueryOptions: {
      nullable: true,
      description: "The object with this id; null when there is none. An id that is none of this API's is INVALID_REQUEST.",
      args: { id: { description: "Global id of an object of any type." } },
      authScopes: { role: "VIEWER" },
    },
    nodesQueryOptions: {
      nullable: { list: true, items: true },
      description: "The objects with these ids, in this order, at most 500; null for each that there is none of.",
      args: { ids: { description: "Global ids of objects of any types." } },
      cost: { timesArgument: "ids" },
      authScopes: { role: "VIEWER" },
      resolve: (_root, { ids }, _context, _info, resolveNodes) => {
        const message = `At most 500 ids; these are ${ids.length}.`;
        if (ids.length > 500) throw new InvalidRequestError(message, [{ path: ["ids"], message }]);
        return resolveNodes(ids);
      },
    },
  },
  scopeAuth: {
    authorizeOnSubscribe: true,
    authScopes: ({ viewer }) => ({
      anybody: true,
      role: (role) => viewer !== null && holds(viewer, role),
      anyRole: (some) => viewer !== null && some.some((role) => holds(viewer, role)),
    }),
    unauthorizedError: (_parent, context, info) => refusedFor(context, neededRoles(info)),
  },
  validation: {
    validationError: ({ issues }) =>
      new InvalidRequestError(
        issues[0]?.message ?? "The input can't be taken as it is.",
        issues.map(({ message, path = [] }) => ({
          path: path.map((part) => String(typeof part === "object" ? part.key : part)).filter((part, at) => at > 0 || part !== "input"),
          message,
        })),
      ),
  },
});

builder.queryType({ description: "Reading. A field by id gives null when there is nothing with that id; everything needs a session." });
builder.mutationType({
  description:
    "Doing. Each answers a union of its payload and its errors; an error means that nothing was changed. An update with the values that are there answers the thing as it is: no version rises, and no event is sent.",
});
builder.subscriptionType({
  description: "Watching. Streams resume behind a cursor, with nothing left out; a delivery is a batch of events.",
});
