/** A supervisor's reports to its gateway: output in pieces at a bounded rate, then the outcome. Never waits for a gateway that does not read. */
import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { CommandOutcome } from "./command.ts";
import { TextWindow } from "./output.ts";
import { reportFd, type SupervisorReport } from "./supervision.ts";

const kept = 65_536;
const pieceBytes = 16_384;
const pieceEveryMs = 100;
/** A gateway that reads its reports does so within this. */
const readPatienceMs = 1000;

export class Reports {
  readonly #socket = new Socket({ fd: reportFd, readable: false, writable: true });
  readonly #tail = new TextWindow(kept);
  /** Not told yet. Output that comes faster than it can be told loses its oldest part here. */
  readonly #untold = new TextWindow(kept);
  #timer: NodeJS.Timeout | null = null;

  constructor() {
    this.#socket.on("error", () => {});
  }

  output(text: string): void {
    if (text === "") return;
    this.#tail.append(text);
    this.#untold.append(text);
    this.#timer ??= setInterval(() => this.#tellOne(), pieceEveryMs);
  }

  get kept(): { tail: string; totalBytes: number } {
    return { tail: this.#tail.text(), totalBytes: this.#tail.totalBytes };
  }

  async end(outcome: CommandOutcome): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    while (this.#tellOne());
    this.#write({ type: "ended", outcome });
    const read = new Promise<void>((resolve) => this.#socket.end(resolve));
    await Promise.race([read, delay(readPatienceMs)]);
  }

  #tellOne(): boolean {
    if (this.#socket.writableLength > 4 * kept) return false;
    const piece = this.#untold.take(pieceBytes);
    if (piece) this.#write({ type: "output", ...piece });
    return piece !== null;
  }

  #write(report: SupervisorReport): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(report)}\n`);
  }
}
