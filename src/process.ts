/** The process around the gateway: signals, what people read at the start, exit codes. */
import { existsSync } from "node:fs";
import { type Config, ConfigError } from "./config.ts";
import { DatabaseError } from "./database/errors.ts";
import { type FirstAdministrator, firstSignInFile } from "./domain/access/first-administrator.ts";
import { ListenError } from "./gateway/listen.ts";
import { ImportError } from "./import/problem.ts";

export interface StopRequest {
  /** Resolves at the first SIGTERM or SIGINT, also one that came before; rejects when the embedded database has ended by itself. */
  wait(databaseEnded: Promise<void> | undefined): Promise<void>;
}

/** From here on a signal no longer ends the process; a second one does, at once. */
export function listenForStop(): StopRequest {
  let requested = false;
  const stop = new Promise<void>((resolve) => {
    const onSignal = () => {
      if (requested) process.exit(1);
      requested = true;
      resolve();
    };
    for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, onSignal);
  });
  return {
    async wait(databaseEnded = new Promise<void>(() => {})) {
      await Promise.race([stop, databaseEnded]);
      if (!requested) throw new DatabaseError("The embedded database has ended; postgresql.log in the data folder says why. Start again.");
    },
  };
}

export function sayReady(url: string, config: Config, { created }: FirstAdministrator): void {
  const file = firstSignInFile(config.dataDir);
  const signIn = existsSync(file)
    ? `user and password stand in ${file}`
    : `user "${config.adminUser}"${created ? " with the password of ADMIN_PASSWORD" : ", as it was set up"}`;
  console.log(`dr-gateway is ready at ${url}
  GraphiQL  ${url}/graphql, with examples in its tabs
  Sign in   ${signIn}
  Try       npm run demo`);
}

/** Runs to the end and exits: 0 after an orderly stop, 2 for a setting, 1 for all else, with one sentence where we have one. */
export async function endWith(run: () => Promise<void>): Promise<never> {
  try {
    await run();
    process.exit(0);
  } catch (error) {
    const cause = firstOf(error);
    const known =
      cause instanceof ConfigError || cause instanceof DatabaseError || cause instanceof ListenError || cause instanceof ImportError;
    console.error(known ? `dr-gateway: ${cause.message}` : cause);
    process.exit(cause instanceof ConfigError ? 2 : 1);
  }
}

/** When closing fails after a failure, the failure is what to tell. */
function firstOf(error: unknown): unknown {
  return error instanceof SuppressedError ? firstOf(error.suppressed) : error;
}
