import { builder } from "../builder.ts";
import { idOf } from "../ids.ts";
import { PromptConnection, RecoveryConnection, recoveryArgs, recoveryFilterOf } from "./types/list.ts";
import { RecoveryRef } from "./types/refs.ts";

builder.queryFields((t) => ({
  recovery: t.field({
    type: RecoveryRef,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "The run with this id; null when there is none. (Reference: Get Recovery History Details.)",
    args: { id: t.arg.id({ required: true, description: "Global id of a run." }) },
    resolve: (_root, { id }, { loaders }) => loaders.recovery.load(idOf("Recovery", id)),
  }),
  recoveries: t.field({
    type: RecoveryConnection,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description:
      "Runs of all plans and kinds, under way and over, those of deleted plans too; newest first unless told otherwise. What happens now: `filter: { open: true }`. A plan's own history is its recoveryHistory.",
    args: recoveryArgs,
    resolve: (_root, { filter, ...args }, { loaders }) => loaders.recoveryList.rows(null, { ...args, filter: recoveryFilterOf(filter) }),
  }),
  openPrompts: t.field({
    type: PromptConnection,
    nullable: true,
    authScopes: { role: "VIEWER" },
    description:
      "Prompts of all plans that wait for an answer, oldest first. Read it beside `eventCursor`, then follow promptEvents from there. (Reference: Answer Prompt.)",
    args: t.arg.connectionArgs(),
    resolve: (_root, args, { loaders }) => loaders.openPromptList.nodes(null, args, loaders.prompt),
  }),
}));
