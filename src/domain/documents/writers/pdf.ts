/** A PDF takes seconds of computing: a thread of its own does it, with a bound on its memory. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { ReportDocument } from "../model.ts";

const mostMegabytes = 512;

/** Rejects when the signal is aborted, or when the thread ends without a PDF. */
export async function pdfOf(document: ReportDocument, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted();
  const worker = new Worker(new URL("./pdf/worker.ts", import.meta.url), {
    workerData: document,
    resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
  });
  try {
    const [message]: unknown[] = await once(worker, "message", { signal });
    if (!(message instanceof Uint8Array)) throw new Error("the thread that writes PDFs sent something else");
    return message;
  } finally {
    await worker.terminate();
  }
}
