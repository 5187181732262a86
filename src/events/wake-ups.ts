export type Channel = "dr_events" | "dr_work";

/** `payload` null: look, whatever you wait for. */
export type WakeUpListener = (payload: string | null) => void;

/** NOTIFY between the nodes, which is only ever a hint: listeners are also woken every second, and after each reconnect. */
export interface WakeUps {
  /** Answers how to stop listening. */
  on(channel: Channel, listener: WakeUpListener): () => void;
  /** Wakes this node's listeners at once and the other nodes' soon. Never throws. */
  hint(channel: Channel, payload: string): void;
  close(): Promise<void>;
}
