/** What the main thread and the engine's say to each other. All else they know from the database. */
import type { EngineOptions } from "../engine/engine.ts";
import type { Hint } from "../events/relay.ts";

export interface EngineThreadSettings {
  readonly url: string;
  /** Past any pooler. */
  readonly directUrl: string;
  readonly labUrl: string;
  readonly spoolDir: string;
  /** Without functions: none can be handed to a thread. */
  readonly settings: Omit<EngineOptions["settings"], "retry">;
  readonly logLevel: string;
}

export type ToEngine = { readonly type: "hint"; readonly hint: Hint } | { readonly type: "close" };

/** `moves`: it has started, and again and again that it is not stuck. */
export type FromEngine = { readonly type: "hint"; readonly hint: Hint } | { readonly type: "moves" };
