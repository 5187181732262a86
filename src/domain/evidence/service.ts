/** Verifying the chains for whoever asks by the API: what `npm run verify` does, a few at a time, and not for ever. */
import type { ChainReport } from "../../database/chain-check.ts";
import { inSnapshot } from "../../database/transaction.ts";
import { type Snapshot, type VerifyOptions, verifyLog, verifyRecoveryEvents } from "../../events/verify.ts";
import { verifyAuditLog } from "../access/service-verify-audit.ts";
import { ConflictError } from "../errors.ts";
import { fieldErrors } from "../field-errors.ts";
import type { ServiceContext } from "../service-context.ts";
import { checkSignature, type GivenSignature, type SignatureCheck, signedPath } from "../signed-link.ts";
import { openSigningKey } from "../signing-key.ts";
import { packLink } from "./link.ts";
import { createTurns, type Turns } from "./turns.ts";

export interface Asked {
  /** A head hash that was kept elsewhere, in hexadecimal, and has to be in the chain. */
  readonly keptHash?: string | null | undefined;
  /** Nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Each reads one snapshot. InvalidRequestError, ServiceUnavailableError while many are at it, ConflictError for a chain that is too long. */
export interface Evidence {
  /** Null: there is neither such a recovery nor an event of it. */
  verifyRecovery(recoveryId: string, asked: Asked): Promise<ChainReport | null>;
  verifyEventLog(asked: Asked): Promise<ChainReport>;
  verifyAuditLog(asked: Asked): Promise<ChainReport>;
  /** A link to the pack of a run, new each time, by the gateway's clock. */
  signedPath(recoveryId: string): Promise<string>;
  checkSignature(recoveryId: string, given: GivenSignature): Promise<SignatureCheck>;
  /** To make a pack in; ServiceUnavailableError while many are made, the signal's reason once nobody waits for it. */
  packTurn(signal: AbortSignal): Promise<Disposable>;
}

/** Each holds a connection, and old rows from being cleaned up. */
const atOnce = 2;
const mostWaiting = 20;
/** Some million events. */
const mostSeconds = 60;

const deadline = () => AbortSignal.timeout(mostSeconds * 1_000);

export function createEvidence({ database }: Pick<ServiceContext, "database">, lateAfter: () => AbortSignal = deadline): Evidence {
  const ofRuns = createTurns({ atOnce, mostWaiting });
  // A line of their own: whoever may look at a run does not keep administrators from the logs.
  const ofLogs = createTurns({ atOnce, mostWaiting });
  const packTurns = createTurns({ atOnce, mostWaiting });
  const key = openSigningKey(database.pool, packLink.purpose);

  async function verify<T>(
    turns: Turns,
    { keptHash, signal }: Asked,
    read: (client: Snapshot, options: VerifyOptions) => Promise<T>,
  ): Promise<T> {
    const kept = checkHash(keptHash);
    using _ = await turns.take(signal);
    const late = lateAfter();
    try {
      return await inSnapshot(database.pool, (client) => read(client, { kept, signal: AbortSignal.any([signal, late]) }));
    } catch (error) {
      if (!late.aborted || error !== late.reason) throw error;
      throw new ConflictError("The chain is too long to be verified within a request.", "Run npm run verify where the gateway runs.");
    }
  }

  return {
    verifyRecovery: (recoveryId, asked) => verify(ofRuns, asked, (client, options) => verifyRecoveryEvents(client, recoveryId, options)),
    verifyEventLog: (asked) => verify(ofLogs, asked, verifyLog),
    verifyAuditLog: (asked) => verify(ofLogs, asked, verifyAuditLog),
    signedPath: async (recoveryId) => signedPath(packLink, await key(), recoveryId, Date.now()),
    checkSignature: async (recoveryId, given) => checkSignature(packLink, await key(), recoveryId, given, Date.now()),
    packTurn: (signal) => packTurns.take(signal),
  };
}

function checkHash(hash: string | null | undefined): string | null {
  if (hash === null || hash === undefined) return null;
  const errors = fieldErrors();
  if (!/^[0-9a-f]{64}$/i.test(hash)) errors.add(["keptHash"], "A hash has 64 hexadecimal digits.");
  errors.check();
  return hash.toLowerCase();
}
