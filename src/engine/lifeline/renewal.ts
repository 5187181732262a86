/** Renews the node's leases, all in one statement, and finds out which are lost. */
import { moveDeadlinesBy } from "../gap.ts";
import { monotonicMs } from "../monotonic.ts";
import { type HealingConnection, isLockTimeout } from "./connection.ts";
import type { WorkerSettings } from "./protocol.ts";

export interface Held {
  readonly runId: string;
  readonly epoch: bigint;
  readonly confirmed: SharedArrayBuffer;
}

const seenSql = "UPDATE gateway_node SET seen_at = dr_now() WHERE id = $1";

const renewSql = `
  UPDATE recovery r SET lease_until = clock_timestamp() + make_interval(secs => $1)
  FROM unnest($2::uuid[], $3::bigint[]) AS held(id, epoch)
  WHERE r.id = held.id AND r.epoch = held.epoch AND r.owner = $4 AND r.ended_at IS NULL
  RETURNING r.id`;

/** Of runs that were not renewed, those that nobody else has claimed: `over` has ended, or was given back by this node itself. */
const unclaimedSql = `
  SELECT r.id, (r.ended_at IS NOT NULL OR r.owner IS NULL) AS over
  FROM recovery r JOIN unnest($1::uuid[], $2::bigint[]) AS held(id, epoch) ON r.id = held.id AND r.epoch = held.epoch`;

export class Renewal {
  readonly #settings: WorkerSettings;
  readonly #connection: HealingConnection;
  readonly #onLost: (held: Held) => void;
  readonly #held = new Map<string, Held>();

  constructor(settings: WorkerSettings, connection: HealingConnection, onLost: (held: Held) => void) {
    this.#settings = settings;
    this.#connection = connection;
    this.#onLost = onLost;
  }

  own(held: Held): void {
    this.#held.set(held.runId, held);
  }

  disown(runId: string): void {
    this.#held.delete(runId);
  }

  /** Deadlines first: who sees its leases renewed may act on them. Answers the gap in seconds in which no node served. */
  async round(): Promise<number> {
    const gapSeconds = await this.#beSeen();
    const all = [...this.#held.values()];
    try {
      await this.#renew(all);
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      // One row is locked by somebody who does not end: it must not cost the others their lease.
      for (const held of all) await this.#renew([held]).catch(exceptLockTimeout);
    }
    return gapSeconds;
  }

  async #beSeen(): Promise<number> {
    const { nodeId, limits, seen } = this.#settings;
    const sentAt = monotonicMs();
    const lastSeenMs = Number(Atomics.load(new BigInt64Array(seen), 0)) / 1000;
    const gapSeconds = await this.#connection.use(async (client) => {
      if (sentAt - lastSeenMs < limits.leaseMs) {
        const { rowCount } = await client.query({ name: "node_seen", text: seenSql, values: [nodeId] });
        if (rowCount === 1) return 0;
      }
      return (await moveDeadlinesBy(client, { nodeId, leaseSeconds: limits.leaseMs / 1000 })).gapSeconds;
    });
    confirm(seen, sentAt);
    return gapSeconds;
  }

  async #renew(asked: readonly Held[]): Promise<void> {
    if (asked.length === 0) return;
    const { nodeId, limits } = this.#settings;
    const ids = asked.map((held) => held.runId);
    const epochs = asked.map((held) => held.epoch.toString());
    const sentAt = monotonicMs();
    const { rows } = await this.#connection.use((client) =>
      client.query<{ id: string }>({ name: "lease_renew", text: renewSql, values: [limits.leaseMs / 1000, ids, epochs, nodeId] }),
    );
    const renewed = new Set(rows.map((row) => row.id));
    for (const held of asked) if (renewed.has(held.runId)) confirm(held.confirmed, sentAt);
    await this.#settleMissing(asked.filter((held) => !renewed.has(held.runId)));
  }

  async #settleMissing(missing: readonly Held[]): Promise<void> {
    if (missing.length === 0) return;
    const values = [missing.map((held) => held.runId), missing.map((held) => held.epoch.toString())];
    const { rows } = await this.#connection.use((client) =>
      client.query<{ id: string; over: boolean }>({ name: "lease_unclaimed", text: unclaimedSql, values }),
    );
    const unclaimed = new Map(rows.map((row) => [row.id, row.over]));
    for (const held of missing) {
      const over = unclaimed.get(held.runId);
      // Claimed anew or given back while the statement ran: no longer this lease's matter.
      if (over === false || this.#held.get(held.runId) !== held) continue;
      this.#held.delete(held.runId);
      Atomics.store(new BigInt64Array(held.confirmed), 0, 0n);
      if (over === undefined) this.#onLost(held);
    }
  }
}

const confirm = (confirmed: SharedArrayBuffer, sentAtMs: number): void => {
  Atomics.store(new BigInt64Array(confirmed), 0, BigInt(Math.floor(sentAtMs * 1000)));
};

function exceptLockTimeout(error: unknown): void {
  if (!isLockTimeout(error)) throw error;
}
