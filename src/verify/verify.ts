/** Verifies what was asked for in one snapshot of the database, and says it for people. */
import type pg from "pg";
import type { ChainReport } from "../database/chain-check.ts";
import { inSnapshot } from "../database/transaction.ts";
import { verifyAuditLog } from "../domain/access/service-verify-audit.ts";
import { type Snapshot, verifyLog, verifyRecoveryEvents } from "../events/verify.ts";
import type { What } from "./arguments.ts";

interface Verdict {
  readonly whole: boolean;
  readonly lines: readonly string[];
}

/** How many chains were verified, and how many of them are not whole. */
export interface Verified {
  readonly chains: number;
  readonly broken: number;
}

/** A long log takes its time, and so does whoever reads what is said: writing into a pipe waits for that, inside the transaction. */
const noLimits = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/** `say` gets each chain's lines as soon as they are known. */
export const verify = (pool: pg.Pool, what: What, head: string | null, say: (line: string) => void): Promise<Verified> =>
  inSnapshot(pool, async (client) => {
    await client.query(noLimits);
    let [chains, broken] = [0, 0];
    for await (const verdict of verdicts(client, what, head)) {
      for (const line of verdict.lines) say(line);
      chains++;
      if (!verdict.whole) broken++;
    }
    return { chains, broken };
  });

async function* verdicts(client: Snapshot, what: What, head: string | null): AsyncGenerator<Verdict> {
  if (what.name === "recovery")
    yield verdictOf(`Recovery ${what.id}`, "events", await verifyRecoveryEvents(client, what.id, { kept: head }));
  if (what.name === "all")
    for (const id of await recoveries(client)) yield verdictOf(`Recovery ${id}`, "events", await verifyRecoveryEvents(client, id));
  if (what.name === "changes" || what.name === "all")
    yield verdictOf("The log as a whole", "events outside of runs", await verifyLog(client, { kept: head }));
  if (what.name === "audit" || what.name === "all") yield verdictOf("The audit log", "links", await verifyAuditLog(client, { kept: head }));
}

/** Of the rows and of the events: neither may be there alone. */
async function recoveries(client: Snapshot): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>({
    name: "verify-recoveries",
    text: "SELECT id FROM recovery UNION SELECT recovery_id FROM event WHERE recovery_id IS NOT NULL ORDER BY id",
    values: [],
  });
  return rows.map(({ id }) => id);
}

function verdictOf(name: string, unit: string, report: ChainReport | null): Verdict {
  if (report === null) return { whole: false, lines: [`${name}: there is no such recovery, and no event of it.`] };
  const { verified, headHash, findings, findingCount } = report;
  const head = headHash === null ? [] : [`  head hash ${headHash}`];
  if (findingCount === 0) return { whole: true, lines: [`${name}: whole, ${verified} ${unit}.`, ...head] };
  const told = findings.map(({ kind, position, message }) => `  ${kind}${position === null ? "" : ` (position ${position})`}: ${message}`);
  const rest = findingCount - findings.length;
  return {
    whole: false,
    lines: [`${name}: BROKEN, ${verified} ${unit} looked at.`, ...told, ...(rest > 0 ? [`  and ${rest} more`] : []), ...head],
  };
}
