import { builder } from "../builder.ts";
import { idOf } from "../ids.ts";
import { RecoveryRef } from "./types-refs.ts";

builder.queryFields((t) => ({
  recovery: t.field({
    type: RecoveryRef,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "The run with this id; null when there is none. (Reference: Get Recovery History Details.)",
    args: { id: t.arg.id({ required: true, description: "Global id of a run." }) },
    resolve: (_root, { id }, { loaders }) => loaders.recovery.load(idOf("Recovery", id)),
  }),
}));
