/** Local users, for administrators. */
import { copies } from "../batching.ts";
import { builder } from "../builder.ts";
import { OrderDirection } from "../connections.ts";
import { holds } from "../viewer.ts";
import { RoleType } from "./types-enums.ts";
import type { UserRow } from "./user-rows.ts";

export const UserRef = builder.objectRef<UserRow>("User");

builder.node(UserRef, {
  description: "A local user. Those of an identity provider are not listed: it knows them. `node` finds it for the role ADMIN alone.",
  id: { resolve: ({ id }) => id, description: "Global id of the user." },
  loadManyWithoutCache: async (ids, { viewer, loaders }) =>
    viewer !== null && holds(viewer, "ADMIN") ? copies(loaders.user.loadMany(ids)) : ids.map(() => null),
  fields: (t) => ({
    name: t.exposeString("name", { description: "The user's name, unique without regard to case." }),
    roles: t.field({ type: [RoleType], description: "What the user may do.", resolve: ({ roles }) => [...roles] }),
    createdAt: t.expose("createdAt", { type: "DateTime", description: "When the user was first added." }),
    removedAt: t.expose("removedAt", {
      type: "DateTime",
      nullable: true,
      description: "When the user was removed; null: may sign in. createUser with the same name gives a removed one back.",
    }),
  }),
});

const UserOrderField = builder.enumType("UserOrderField", {
  description: "What users are sorted by.",
  values: {
    NAME: { description: "Name, without regard to case." },
    CREATED_AT: { description: "When they were first added." },
  } as const,
});

const UserOrder = builder.inputType("UserOrder", {
  description: "How users are sorted.",
  fields: (t) => ({
    field: t.field({ type: UserOrderField, required: true, description: "By what." }),
    direction: t.field({ type: OrderDirection, description: "Which way; ASC by default." }),
  }),
});

const UserFilter = builder.inputType("UserFilter", {
  description: "Which users; everything that is given must hold.",
  fields: (t) => ({
    name: t.string({ description: "Part of the name, without regard to case." }),
    role: t.field({ type: RoleType, description: "Only those that were given this role; not those whose role includes it." }),
    removed: t.boolean({ description: "True: only those that were removed; false, the default: only the others." }),
  }),
});

const UserConnection = builder.connectionObject(
  { type: UserRef, name: "UserConnection", description: "A page of users." },
  { name: "UserEdge", description: "A user in a page." },
);

builder.queryField("users", (t) =>
  t.field({
    type: UserConnection,
    nullable: true,
    authScopes: { role: "ADMIN" },
    description: "Local users, by name unless told otherwise.",
    args: {
      ...t.arg.connectionArgs(),
      filter: t.arg({ type: UserFilter, description: "Which users; all that are not removed by default." }),
      orderBy: t.arg({ type: UserOrder, description: "How they are sorted." }),
    },
    resolve: (_root, args, { loaders }) => loaders.userList.nodes(null, args, loaders.user),
  }),
);
