import type pg from "pg";
import type { Providers } from "../../providers/contract.ts";

export interface HeartbeatSettings {
  /** How often each site is asked. */
  readonly everySeconds: number;
  /** Silence after which a site is suspect. */
  readonly suspectAfterSeconds: number;
  /** Silence after which it is DISCONNECTED. */
  readonly disconnectedAfterSeconds: number;
  /** Good heartbeats in a row that bring a site back. */
  readonly heartbeatsToReturn: number;
}

export const defaultHeartbeat: HeartbeatSettings = {
  everySeconds: 5,
  suspectAfterSeconds: 15,
  disconnectedAfterSeconds: 30,
  heartbeatsToReturn: 3,
};

export interface HeartbeatParts {
  readonly pool: pg.Pool;
  readonly providers: Providers;
  readonly settings: HeartbeatSettings;
  /** After a commit: something has changed. Wakes its readers; a hint only. */
  readonly announce: () => void;
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void };
}
