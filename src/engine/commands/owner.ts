/** A supervisor's view of its gateway: a stream that brings the order, then a byte now and then for as long as the gateway lives. */
import type { Readable } from "node:stream";
import { monotonicMs } from "../monotonic.ts";
import { cancelling, type SupervisorOrder } from "./supervision.ts";

export type OwnerEnd = "OWNER_GONE" | "OWNER_SILENT" | "CANCELLED";

export class Owner {
  /** Null: the gateway went before it had said anything. */
  readonly order: Promise<SupervisorOrder | null>;
  /** Resolves when the command has to be stopped for the gateway's sake. */
  readonly ended: Promise<OwnerEnd>;
  readonly #order = Promise.withResolvers<SupervisorOrder | null>();
  readonly #ended = Promise.withResolvers<OwnerEnd>();
  #text = "";
  #ordered = false;
  #heardAtMs = monotonicMs();

  constructor(input: Readable) {
    this.order = this.#order.promise;
    this.ended = this.#ended.promise;
    input.setEncoding("utf8");
    input.on("data", (text: string) => this.#hear(text));
    for (const event of ["end", "close", "error"]) input.on(event, () => this.#gone());
  }

  /** A stopped or hung gateway closes nothing; it only falls silent. */
  watch(silenceMs: number): void {
    const lookEveryMs = silenceMs / 6;
    let lookedAtMs = monotonicMs();
    const timer = setInterval(() => {
      const late = monotonicMs() - lookedAtMs > 3 * lookEveryMs;
      lookedAtMs = monotonicMs();
      // This process had no time itself: what the gateway sent meanwhile is read after this.
      if (late) return;
      if (monotonicMs() - this.#heardAtMs > silenceMs) this.#ended.resolve("OWNER_SILENT");
    }, lookEveryMs);
    timer.unref();
  }

  #hear(text: string): void {
    this.#heardAtMs = monotonicMs();
    if (this.#ordered) {
      if (text.includes(cancelling)) this.#ended.resolve("CANCELLED");
      return;
    }
    this.#text += text;
    const end = this.#text.indexOf("\n");
    if (end < 0) return;
    this.#ordered = true;
    this.#order.resolve(JSON.parse(this.#text.slice(0, end)));
    this.#hear(this.#text.slice(end + 1));
  }

  #gone(): void {
    this.#order.resolve(null);
    this.#ended.resolve("OWNER_GONE");
  }
}
