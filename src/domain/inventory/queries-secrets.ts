import { builder } from "../builder.ts";

builder.queryField("secretIds", (t) =>
  t.field({
    type: ["String"],
    nullable: true,
    authScopes: { anyRole: ["EDITOR", "SCRIPT_EDITOR"] },
    description:
      "Ids of the secrets that there are, for commands that need a password (passwordSecretId), in the alphabet's order. A secret is a file in the gateway's folder SECRETS_DIR; its value is never shown.",
    resolve: (_root, _args, { services }) => services.secretIds(),
  }),
);
