import { builder } from "../builder.ts";
import { idOf } from "../ids.ts";
import { shownIn } from "../shown.ts";
import { groupArgs, groupRequest, ProtectionGroupConnection } from "./types-list.ts";
import { ProtectionGroupRef } from "./types-refs.ts";

builder.queryFields((t) => ({
  protectionGroups: t.field({
    type: ProtectionGroupConnection,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "Protection groups, by name unless told otherwise. (Reference: List Protection Groups.)",
    args: groupArgs,
    resolve: (_root, args, { loaders }, info) => loaders.groupList.rows(null, groupRequest(args), shownIn(info)),
  }),
  protectionGroup: t.field({
    type: ProtectionGroupRef,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "The protection group with this id; null when there is none. (Reference: Get Protection Group Details.)",
    args: { id: t.arg.id({ required: true, description: "Global id of a protection group." }) },
    resolve: (_root, { id }, { loaders }) => loaders.group.load(idOf("ProtectionGroup", id)),
  }),
}));
