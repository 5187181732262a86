/** What the rooms' services work with. */
import type { Database } from "../database/database.ts";
import type { Providers } from "../providers/contract.ts";
import type { NotificationSettings } from "./notifications/settings.ts";
import type { Quotas } from "./quotas.ts";

export interface ServiceContext {
  readonly database: Pick<Database, "pool" | "prisma">;
  readonly providers: Providers;
  readonly quotas: Quotas;
  /** Folder of the secrets: one file each, named by its id. */
  readonly secretsDir: string;
  /** Folder of the programs that commands run. */
  readonly scriptsDir: string;
  /** How notifications leave the gateway. */
  readonly notifications: NotificationSettings;
  /** How many effects the engine has under way at a site at once. */
  readonly slotsPerSite: number;
  /** After a commit: something of this run is new. Wakes its owner and its readers; a hint only. */
  readonly hint: (recoveryId: string) => void;
  /** After a commit: something beside the runs has changed. Wakes its readers; a hint only. */
  readonly announce: () => void;
  /** After a commit: a job of this queue may be due. A hint only. */
  readonly due: (queue: string) => void;
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void };
}
