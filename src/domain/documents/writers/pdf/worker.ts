/** Writes one PDF, and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { writePdf } from "./write.ts";

const bytes = new Uint8Array(await writePdf(workerData));
parentPort?.postMessage(bytes, [bytes.buffer]);
