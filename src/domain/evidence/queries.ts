import { builder } from "../builder.ts";
import type { FieldCost } from "../cost.ts";
import { idOf } from "../ids.ts";
import { ChainVerification } from "./types.ts";

/** Reads a whole log: a few in one operation. */
const wholeLog: FieldCost = { own: 50_000 };

const keptHash = "A head hash that was kept elsewhere, 64 hexadecimal digits: it has to be in the chain.";
const refusals =
  "INVALID_REQUEST for what is no hash, SERVICE_UNAVAILABLE while many ask for the same, CONFLICT for a chain that takes over a minute: the command `npm run verify` has no such limit.";

builder.queryFields((t) => ({
  verifyRecovery: t.field({
    type: ChainVerification,
    nullable: true,
    authScopes: { role: "VIEWER" },
    cost: wholeLog,
    description: `Proves that nothing in a run's events was changed, left out or put in, as \`npm run verify -- --recovery\` does. Null: there is neither such a run nor an event of it. ${refusals}`,
    args: {
      recoveryId: t.arg.id({ required: true, description: "Global id of a run." }),
      keptHash: t.arg.string({ description: keptHash }),
    },
    resolve: (_root, { recoveryId, keptHash }, { services, signal }) =>
      services.evidence.verifyRecovery(idOf("Recovery", recoveryId, ["recoveryId"]), { keptHash, signal }),
  }),
  verifyEventLog: t.field({
    type: ChainVerification,
    nullable: true,
    authScopes: { role: "ADMIN" },
    cost: wholeLog,
    description: `Proves of the event log that no position is missing but those that retention has removed, and that nothing in the events outside of runs was changed, as \`npm run verify -- --changes\` does. ${refusals}`,
    args: {
      keptHash: t.arg.string({
        description: `${keptHash} Heads of this chain hold as long as events are kept (EVENT_RETENTION_DAYS): an older one is OTHER_HEAD, and no sign of tampering.`,
      }),
    },
    resolve: (_root, { keptHash }, { services, signal }) => services.evidence.verifyEventLog({ keptHash, signal }),
  }),
  verifyAuditLog: t.field({
    type: ChainVerification,
    nullable: true,
    authScopes: { role: "ADMIN" },
    cost: wholeLog,
    description: `Proves that nothing in the audit log was changed, left out or put in, as \`npm run verify -- --audit\` does. ${refusals}`,
    args: { keptHash: t.arg.string({ description: keptHash }) },
    resolve: (_root, { keptHash }, { services, signal }) => services.evidence.verifyAuditLog({ keptHash, signal }),
  }),
}));
