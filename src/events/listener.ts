/**
 * The node's one LISTEN connection. A pg client never heals by itself: after an error or a failed probe a new one takes its place,
 * and the owner is told, since what was sent in between is lost.
 */
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";

/** A pino logger fits. */
export interface EventsLog {
  warn(details: object, message: string): void;
}

export interface ListenerOptions {
  connect(): Promise<pg.Client>;
  readonly channels: readonly string[];
  onNotification(channel: string, payload: string): void;
  onReconnect(): void;
  readonly log: EventsLog;
  /** A connection that a firewall dropped says nothing: it is found after this long, and the timer bridges the time. */
  readonly probeMs: number;
}

const probeTimeoutMs = 5_000;
const longestPauseMs = 5_000;

export class Listener {
  readonly #options: ListenerOptions;
  readonly #stop = new AbortController();
  #client: pg.Client | null = null;
  #healing: Promise<void> = Promise.resolve();
  #probe: NodeJS.Timeout | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Fails when the first connection can't be made. */
  async start(): Promise<void> {
    await this.#open();
    this.#probe = setInterval(() => void this.#check(), this.#options.probeMs);
    this.#probe.unref();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    clearInterval(this.#probe);
    await this.#healing;
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(ignore);
  }

  async #open(): Promise<void> {
    const client = await this.#options.connect();
    client.on("error", (error) => this.#lost(client, error.message));
    client.on("end", () => this.#lost(client, "the connection ended"));
    client.on("notification", ({ channel, payload }) => this.#options.onNotification(channel, payload ?? ""));
    try {
      await client.query(this.#options.channels.map((channel) => `LISTEN ${channel}`).join("; "));
    } catch (error) {
      await client.end().catch(ignore);
      throw error;
    }
    this.#client = client;
  }

  #lost(client: pg.Client, reason: string): void {
    if (this.#client !== client) return;
    this.#client = null;
    client.end().catch(ignore);
    if (this.#stop.signal.aborted) return;
    this.#options.log.warn({ reason }, "The LISTEN connection was lost, a new one is made");
    this.#healing = this.#heal();
  }

  async #heal(): Promise<void> {
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      try {
        await this.#open();
        this.#options.onReconnect();
        return;
      } catch {
        await delay(Math.min(longestPauseMs, 100 * 2 ** attempt), undefined, { signal: this.#stop.signal }).catch(ignore);
      }
    }
  }

  /** Does it still listen? Also finds a pooler that gives each statement another connection. */
  async #check(): Promise<void> {
    const client = this.#client;
    if (client === null) return;
    const late = setTimeout(() => this.#lost(client, "no answer to the probe"), probeTimeoutMs);
    try {
      const { rowCount } = await client.query("SELECT * FROM pg_listening_channels()");
      if (rowCount !== this.#options.channels.length) this.#lost(client, "it no longer listens: is there a pooler in between?");
    } catch (error) {
      this.#lost(client, error instanceof Error ? error.message : String(error));
    } finally {
      clearTimeout(late);
    }
  }
}

const ignore = () => {};
