/** Between a part and its load generator. */

export interface LoadTarget {
  /** Where all requests go. */
  readonly url: string;
  /** One for each session: they take turns. */
  readonly headers: readonly Readonly<Record<string, string>>[];
  /** JSON texts; each request takes one of them by chance, the same ones for the same seed. */
  readonly bodies: readonly string[];
}

export interface LoadShape {
  readonly connections: number;
  readonly seconds: number;
  /** Before them, and not counted. */
  readonly warmSeconds: number;
  readonly seed: number;
}

export interface LoadResult {
  /** Answered within the time. */
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds of each of them. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Not 200, or with errors; `failure` is the beginning of one. */
  readonly failures: number;
  readonly failure: string | null;
}

export type ToLoad =
  | { readonly kind: "target"; readonly id: number; readonly target: LoadTarget }
  | { readonly kind: "run"; readonly id: number; readonly shape: LoadShape };

export type FromLoad =
  | { readonly kind: "begun" }
  | { readonly kind: "result"; readonly result: LoadResult }
  | { readonly kind: "failed"; readonly why: string };
