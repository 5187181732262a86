import { randomUUID } from "node:crypto";
import type pg from "pg";
import { Hints, heard } from "./hints.ts";
import { type EventsLog, Listener } from "./listener.ts";
import type { Queryable } from "./log.ts";

const channels = ["dr_events", "dr_work"] as const;
export type Channel = (typeof channels)[number];

/** `payload` null: look, whatever you wait for. */
export type WakeUpListener = (payload: string | null) => void;

/** NOTIFY between the nodes, which is only ever a hint: listeners are also woken every second, and after each reconnect. */
export interface WakeUps {
  /** Answers how to stop listening. */
  on(channel: Channel, listener: WakeUpListener): () => void;
  /** Wakes this node's listeners at once and the other nodes' soon. Never throws. After the commit, and outside of it. */
  hint(channel: Channel, payload: string): void;
  close(): Promise<void>;
}

export interface WakeUpsOptions {
  /** A connection past any pooler; Database has it. */
  connectDirect(name: string): Promise<pg.Client>;
  readonly pool: Queryable;
  readonly log: EventsLog;
  /** Wakes everybody: what a lost NOTIFY costs. */
  readonly everyMs?: number;
  /** At most one NOTIFY per channel in this time: inside PostgreSQL they all go through one lock. */
  readonly coalesceMs?: number;
  readonly probeMs?: number;
}

/** Who listens in this thread. */
export interface Listeners {
  on(channel: Channel, listener: WakeUpListener): () => void;
  /** One that throws keeps no other from being woken. */
  wake(channel: string, payload: string | null): void;
}

export function createListeners(log: EventsLog): Listeners {
  const listeners = new Map<string, Set<WakeUpListener>>(channels.map((channel) => [channel, new Set()]));
  return {
    on(channel, callback) {
      const entry: WakeUpListener = (payload) => callback(payload); // the same function twice is two listeners
      listeners.get(channel)?.add(entry);
      return () => void listeners.get(channel)?.delete(entry);
    },
    wake(channel, payload) {
      for (const listener of [...(listeners.get(channel) ?? [])]) {
        try {
          listener(payload);
        } catch (error) {
          log.warn({ error, channel }, "A listener failed");
        }
      }
    },
  };
}

export async function startWakeUps(options: WakeUpsOptions): Promise<WakeUps> {
  const { connectDirect, pool, log, everyMs = 1_000, coalesceMs = 50, probeMs = 10_000 } = options;
  const node = randomUUID().slice(0, 8);
  const { on, wake } = createListeners(log);
  const hints = new Map<string, Hints>(channels.map((channel) => [channel, new Hints({ pool, node, channel, log, coalesceMs })]));

  const wakeAll = (): void => {
    for (const channel of channels) wake(channel, null);
  };

  const listener = new Listener({
    connect: () => connectDirect("listen"),
    channels,
    onNotification: (channel, message) => {
      for (const payload of heard(message, node)) wake(channel, payload);
    },
    onReconnect: wakeAll,
    log,
    probeMs,
  });
  await listener.start();
  const timer = setInterval(wakeAll, everyMs);

  return {
    on,
    hint(channel, payload) {
      wake(channel, payload);
      hints.get(channel)?.add(payload);
    },
    async close() {
      clearInterval(timer);
      for (const hint of hints.values()) hint.close();
      await listener.close();
    },
  };
}
