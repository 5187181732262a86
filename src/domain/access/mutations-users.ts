/** What an administrator does with local users, and each of them with the own password: checked for shape here, decided in the service. */
import { builder } from "../builder.ts";
import type { Context } from "../context.ts";
import { idOf } from "../ids.ts";
import { signedIn } from "./caller.ts";
import { leastPasswordLength, mostPasswordLength } from "./rules.ts";
import { RoleType } from "./types-enums.ts";
import { UserRef } from "./types-user.ts";
import type { Actor, UserAnswer, Users } from "./users.ts";

const key = {
  description:
    "At most 255 characters, unique per user and mutation for 24 h: the same key and input gets the first answer, other input CONFLICT.",
} as const;

const password = {
  required: true,
  description: `${leastPasswordLength} to ${mostPasswordLength.toLocaleString("en")} characters. Stored as a hash only.`,
} as const;

const CreateUserInput = builder.inputType("CreateUserInput", {
  description: "Who to add.",
  fields: (t) => ({
    name: t.string({ required: true, description: 'The user\'s name: 1 to 255 characters, without "/" and ":".' }),
    password: t.string(password),
    roles: t.field({ type: [RoleType], required: true, description: "What the user may do; at least one." }),
    idempotencyKey: t.string(key),
  }),
});

const UpdateUserRolesInput = builder.inputType("UpdateUserRolesInput", {
  description: "What a user may do from now on.",
  fields: (t) => ({
    userId: t.id({ required: true, description: "The user." }),
    roles: t.field({ type: [RoleType], required: true, description: "All of the user's roles, in place of those before; at least one." }),
    idempotencyKey: t.string(key),
  }),
});

const SetUserPasswordInput = builder.inputType("SetUserPasswordInput", {
  description: "A user's new password.",
  fields: (t) => ({
    userId: t.id({ required: true, description: "The user." }),
    password: t.string(password),
    idempotencyKey: t.string(key),
  }),
});

const EndSessionsInput = builder.inputType("EndSessionsInput", {
  description: "Whose sessions to end.",
  fields: (t) => ({ userId: t.id({ required: true, description: "The user." }), idempotencyKey: t.string(key) }),
});

const ChangePasswordInput = builder.inputType("ChangePasswordInput", {
  description: "One's own password.",
  fields: (t) => ({
    currentPassword: t.string({ required: true, description: "The password that it is now." }),
    newPassword: t.string(password),
    idempotencyKey: t.string(key),
  }),
});

const RemoveUserInput = builder.inputType("RemoveUserInput", {
  description: "Who to remove.",
  fields: (t) => ({ userId: t.id({ required: true, description: "The user." }), idempotencyKey: t.string(key) }),
});

const payload = (name: string, description: string) =>
  builder.objectRef<UserAnswer>(name).implement({
    description,
    fields: (t) => ({
      user: t.field({
        type: UserRef,
        description: "The user as it is now.",
        resolve: ({ userId }, _args, context) => loadUser(context, userId),
      }),
    }),
  });

const CreateUserPayload = payload("CreateUserPayload", "The user may sign in.");
const UpdateUserRolesPayload = payload("UpdateUserRolesPayload", "The roles are changed.");
const SetUserPasswordPayload = payload("SetUserPasswordPayload", "The password is changed, and the user's sessions are over.");
const EndSessionsPayload = payload("EndSessionsPayload", "The user's sessions are over.");
const ChangePasswordPayload = payload("ChangePasswordPayload", "The password is changed, and the user's other sessions are over.");
const RemoveUserPayload = payload("RemoveUserPayload", "The user is removed, and its sessions are over.");

const common = { nullable: true, authScopes: { role: "ADMIN" }, errors: {} } as const;

builder.mutationFields((t) => ({
  createUser: t.field({
    type: CreateUserPayload,
    ...common,
    description:
      "Adds a local user, or gives a removed one back with this password and these roles. A name that is taken is INVALID_REQUEST.",
    args: { input: t.arg({ type: CreateUserInput, required: true, description: "Who." }) },
    resolve: (_root, { input }, context) => act(context, (users, by) => users.add(by, input)),
  }),
  updateUserRoles: t.field({
    type: UpdateUserRolesPayload,
    ...common,
    description:
      "Changes what a local user may do, from its next operation on; an open stream that needs a role it has lost ends with FORBIDDEN at its next event. CONFLICT for the last one with the role ADMIN.",
    args: { input: t.arg({ type: UpdateUserRolesInput, required: true, description: "Who, and which roles." }) },
    resolve: (_root, { input }, context) => act(context, (users, by) => users.setRoles(by, { ...input, userId: userIdOf(input) })),
  }),
  setUserPassword: t.field({
    type: SetUserPasswordPayload,
    ...common,
    description: "Changes a local user's password and ends its sessions, also the one that this is sent with if it is one's own.",
    args: { input: t.arg({ type: SetUserPasswordInput, required: true, description: "Who, and the password." }) },
    resolve: (_root, { input }, context) => act(context, (users, by) => users.setPassword(by, { ...input, userId: userIdOf(input) })),
  }),
  endSessions: t.field({
    type: EndSessionsPayload,
    ...common,
    description:
      "Ends all sessions of a local user and closes their sockets and streams, also the one that this is sent with if they are one's own. The user may sign in again: removeUser and setUserPassword keep whoever should not.",
    args: { input: t.arg({ type: EndSessionsInput, required: true, description: "Whose." }) },
    resolve: (_root, { input }, context) => act(context, (users, by) => users.endSessions(by, { ...input, userId: userIdOf(input) })),
  }),
  changePassword: t.field({
    type: ChangePasswordPayload,
    ...common,
    authScopes: { role: "VIEWER" },
    description:
      "Changes one's own password and ends one's other sessions; this one goes on. A wrong current password is INVALID_REQUEST, and counts as a failed sign-in: after five in a minute it is SERVICE_UNAVAILABLE with status 429. A user of an identity provider has no password here: INVALID_REQUEST.",
    args: { input: t.arg({ type: ChangePasswordInput, required: true, description: "The password that it is, and that it shall be." }) },
    resolve: (_root, { input }, context) => {
      signedIn(context);
      return context.services.ownPassword.change(context.viewer, context.address, input);
    },
  }),
  removeUser: t.field({
    type: RemoveUserPayload,
    ...common,
    description:
      "Removes a local user and ends its sessions; history keeps the name. CONFLICT for oneself, and for the last one with the role ADMIN.",
    args: { input: t.arg({ type: RemoveUserInput, required: true, description: "Who." }) },
    resolve: (_root, { input }, context) => act(context, (users, by) => users.remove(by, { ...input, userId: userIdOf(input) })),
  }),
}));

const userIdOf = ({ userId }: { readonly userId: string }) => idOf("User", userId, ["userId"]);

function act<T>(context: Context, work: (users: Users, by: Actor) => Promise<T>): Promise<T> {
  signedIn(context);
  return work(context.services.users, context.viewer);
}

async function loadUser({ loaders }: Context, id: string) {
  const found = await loaders.user.load(id);
  if (!found) throw new Error(`user ${id} is gone`);
  return found;
}
