/** Wake-ups between the threads of one node: what wakes the main thread wakes the other, and the other way round, without a detour by PostgreSQL. */
import type { EventsLog } from "./listener.ts";
import { type Channel, createListeners, type WakeUps } from "./wake-ups.ts";

export interface Hint {
  readonly channel: Channel;
  /** Null: look, whatever you wait for. */
  readonly payload: string | null;
}

/** The main thread's side. `tell` wakes the other thread, of these channels alone: nobody listens to the others there. */
export interface Relay {
  /** The other thread has given a hint: this thread's listeners and the other nodes hear of it. */
  hear(hint: Hint): void;
  close(): void;
}

export function relayWakeUps(wakeUps: WakeUps, channels: readonly Channel[], tell: (hint: Hint) => void): Relay {
  let isRelaying = false; // who gave the hint has woken its own listeners
  const stops = channels.map((channel) =>
    wakeUps.on(channel, (payload) => {
      if (!isRelaying) tell({ channel, payload });
    }),
  );
  return {
    hear({ channel, payload }) {
      if (payload === null) return;
      isRelaying = true;
      wakeUps.hint(channel, payload);
      isRelaying = false;
    },
    close() {
      for (const stop of stops) stop();
    },
  };
}

/** The other thread's side: its listeners, and how it hears of what the main thread has heard. */
export interface RelayedWakeUps extends Pick<WakeUps, "on" | "hint"> {
  hear(hint: Hint): void;
}

/** `tell` hands a hint to the main thread. */
export function relayedWakeUps(log: EventsLog, tell: (hint: Hint) => void): RelayedWakeUps {
  const listeners = createListeners(log);
  return {
    on: listeners.on,
    hear: ({ channel, payload }) => listeners.wake(channel, payload),
    hint(channel, payload) {
      listeners.wake(channel, payload);
      tell({ channel, payload });
    },
  };
}
