import { encodeLogCursor } from "../../events/cursor.ts";
import { builder } from "../builder.ts";

builder.queryField("eventCursor", (t) =>
  t.string({
    nullable: true,
    authScopes: { role: "VIEWER" },
    description: "Where events and promptEvents go on behind what is read beside this; never newer than that.",
    resolve: async (_root, _args, { loaders, generation }) => {
      const reading = loaders.logEnds.load("log");
      loaders.gate.hold(reading); // now, before anything else of this request has been sent
      return encodeLogCursor({ generation, position: (await reading).newest });
    },
  }),
);
