/**
 * One gateway per data folder. The lock is a socket that only one process can listen on and that ends with it, so that nothing
 * stale is left after a kill -9; whoever comes second asks it who is running.
 */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { codeOf, DatabaseError } from "./errors.ts";

export interface InstanceLock extends AsyncDisposable {
  /** Where this gateway answers, for a second one's message. */
  announce(url: string): void;
  release(): Promise<void>;
}

const answerMs = 2_000;

export async function lockInstance({ instance, dataDir }: { readonly instance: string; readonly dataDir: string }): Promise<InstanceLock> {
  const address = addressOf(instance);
  let url: string | null = null;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(`process ${process.pid}${url === null ? ", still starting" : ` at ${url}`}`);
  });
  if (!(await listens(server, address))) {
    const holder = await ask(address);
    if (holder !== null || !(await takeOver(server, address))) throw taken(dataDir, holder);
  }
  server.unref();
  let released: Promise<unknown> | undefined;
  const release = async () => {
    released ??= once(server.close(), "close");
    await released;
  };
  const announce = (at: string) => {
    url = at;
  };
  return { announce, release, [Symbol.asyncDispose]: release };
}

/** Linux has names that are no files. Elsewhere a file stays after a kill -9, and nobody answers on it. */
const abstract = process.platform === "linux";
const addressOf = (instance: string) => (abstract ? `\0dr-gateway-${instance}` : join(tmpdir(), `dr-gateway-${instance}.lock`));

async function listens(server: Server, address: string): Promise<boolean> {
  try {
    await once(server.listen(address), "listening");
    return true;
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE") return false;
    throw error;
  }
}

/** What the holder says of itself; null when nobody answers. */
async function ask(address: string): Promise<string | null> {
  const socket = connect(address);
  socket.setTimeout(answerMs, () => socket.destroy());
  return text(socket).catch(() => null);
}

async function takeOver(server: Server, address: string): Promise<boolean> {
  if (!abstract) await rm(address, { force: true });
  return listens(server, address);
}

function taken(dataDir: string, holder: string | null): DatabaseError {
  return new DatabaseError(
    `Another gateway (${holder ?? "which does not answer"}) works in the data folder ${dataDir}; stop it, or set DATA_DIR (and PORT) to others.`,
  );
}
