import type { EventsLog } from "./listener.ts";
import type { Queryable } from "./log.ts";

/** PostgreSQL takes payloads under 8,000 bytes; beyond this many characters the hint is for everybody. */
const maxPayload = 7_000;
const separator = ",";

export interface HintsOptions {
  readonly pool: Queryable;
  /** Marks what this node sent. */
  readonly node: string;
  readonly channel: string;
  readonly log: EventsLog;
  readonly coalesceMs: number;
}

/** NOTIFY on one channel: the first at once, then at most one in `coalesceMs` and one under way; payloads in between go together. */
export class Hints {
  readonly #options: HintsOptions;
  #waiting = new Set<string>();
  #length = 0;
  #sending = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: HintsOptions) {
    this.#options = options;
  }

  add(payload: string): void {
    if (this.#length <= maxPayload && !this.#waiting.has(payload)) {
      this.#waiting.add(payload);
      this.#length += payload.length + separator.length;
    }
    this.#flush();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting.clear();
  }

  #flush(): void {
    if (this.#sending || this.#timer !== null || this.#waiting.size === 0) return;
    const { node } = this.#options;
    const payloads = this.#length > maxPayload ? "" : [...this.#waiting].join(separator);
    this.#waiting.clear();
    this.#length = 0;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#flush();
    }, this.#options.coalesceMs);
    void this.#send(`${node}|${payloads}`);
  }

  async #send(message: string): Promise<void> {
    const { pool, channel, log } = this.#options;
    this.#sending = true;
    try {
      await pool.query({ name: "events_notify", text: "SELECT pg_notify($1, $2)", values: [channel, message] });
    } catch (error) {
      log.warn({ error, channel }, "A hint to the other nodes failed; they look by themselves");
    } finally {
      this.#sending = false;
      this.#flush();
    }
  }
}

/** What a notification says: payloads, or null for everybody. Nothing when this node sent it, whose listeners have been woken. */
export function heard(message: string, node: string): readonly (string | null)[] {
  const bar = message.indexOf("|");
  if (message.slice(0, Math.max(bar, 0)) === node) return [];
  const payloads = message.slice(bar + 1);
  return payloads === "" ? [null] : payloads.split(separator);
}
