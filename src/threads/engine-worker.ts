/** The engine's thread: the order of starting and stopping of what drives runs, with connections and sites' providers of its own. */
import { parentPort, workerData } from "node:worker_threads";
import { openPool } from "../database/database.ts";
import { startEngine } from "../engine/engine.ts";
import { relayedWakeUps } from "../events/relay.ts";
import { createLog } from "../gateway/log.ts";
import { openLab } from "../providers/lab/lab.ts";
import type { EngineThreadSettings, FromEngine, ToEngine } from "./protocol.ts";

const connections = { reading: 5, writing: 3 };
/** How often it says that it moves. */
const moveMs = 500;

async function run({ url, directUrl, labUrl, spoolDir, settings, logLevel }: EngineThreadSettings): Promise<void> {
  await using closing = new AsyncDisposableStack();
  const log = createLog(logLevel);
  const tell = (message: FromEngine): void => parentPort?.postMessage(message);
  const wakeUps = relayedWakeUps(log, (hint) => tell({ type: "hint", hint }));
  const closeAsked = Promise.withResolvers<void>();
  parentPort?.on("message", (message: ToEngine) => {
    if (message.type === "hint") wakeUps.hear(message.hint);
    else closeAsked.resolve();
  });

  const onConnectionLost = ({ message }: Error) => log.warn({ reason: message }, "a database connection was lost");
  const { pool } = closing.use(openPool({ url, poolSize: connections.reading, onConnectionLost }));
  // While one has the log's counter another one waits for it, and a third gets ready. What waits beyond that waits here, not before those of the
  // API; after five seconds, as in an outage, it is written over `pool`.
  const writers = closing.use(openPool({ url, poolSize: connections.writing, onConnectionLost })).pool;
  const lab = closing.use(await openLab({ url: labUrl, guestServices: false }));
  const providers = new Map([["lab", lab.provider]]);
  const engine = await startEngine({ database: { pool, writers, directUrl }, providers, wakeUps, spoolDir, settings, log });
  closing.defer(() => engine.close());
  tell({ type: "moves" });
  const moving = setInterval(() => tell({ type: "moves" }), moveMs);
  closing.defer(() => clearInterval(moving));
  await closeAsked.promise;
}

await run(workerData);
process.exit(); // of this thread alone: a socket whose other end is gone would keep it for minutes
