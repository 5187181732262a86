/** What a process of the engine is told to do, and what it says of it. */
export interface EngineTask {
  readonly url: string;
  readonly sites: "free" | "lab";
  /** Of the lab; 0: without latencies. */
  readonly speed: number;
  readonly kind: "TEST" | "DISASTER";
  readonly planIds: readonly string[];
  /** A small one that is run before anything is measured, so that statements are prepared and code has been loaded. */
  readonly warmUpPlanId?: string;
}

export interface EngineResult {
  readonly runIds: readonly string[];
  /** Runs that have ended well. */
  readonly good: number;
  /** Leaf steps that were done. */
  readonly leaves: number;
  /** From the request to the end of the last run. */
  readonly seconds: number;
  /** Until all runs were requested. */
  readonly startSeconds: number;
  /** From the request until the steps were written, of the slowest. */
  readonly compileSeconds: number;
  readonly statements: number;
  readonly walBytes: number;
  readonly nodeCpuSeconds: number;
  readonly heapMib: number;
  readonly peakMib: number;
  /** Effects that the sites without cost have noted; null: they were the lab's. */
  readonly ledger: number | null;
}
