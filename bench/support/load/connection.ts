/**
 * One HTTP/1.1 connection that is kept alive: it sends a request, counts the answer's bytes and looks at its beginning. Written for little CPU:
 * what the generator takes is missing on the other side.
 */
import { connect, type Socket } from "node:net";

export interface Answer {
  readonly isGood: boolean;
  /** Its beginning, with the head. */
  readonly beginning: string;
}

const beginningBytes = 600;
const endOfChunks = Buffer.from("0\r\n\r\n");

export class Connection {
  readonly #socket: Socket;
  /** Of an answer whose head is not complete, or that comes in chunks of unknown number. */
  #held: Buffer | null = null;
  /** Bytes of the body that are still to come; -1: unknown. */
  #left = 0;
  #beginning = "";
  #answered: ((answer: Answer) => void) | null = null;
  #failed: ((error: Error) => void) | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", (error) => this.#failed?.(error));
    socket.on("close", () => this.#failed?.(new Error("The connection was closed.")));
  }

  static open(host: string, port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true });
      socket.once("error", reject).once("connect", () => {
        socket.off("error", reject);
        resolve(new Connection(socket));
      });
    });
  }

  /** One at a time. Latin 1 alone. */
  ask(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(request, "latin1");
    });
  }

  close(): void {
    this.#failed = null;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    if (this.#left > 0) {
      this.#left -= chunk.length;
      if (this.#left === 0) this.#done();
      return;
    }
    const known = this.#held === null ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = known;
    if (this.#left === 0 && !this.#readHead(known)) return;
    if (this.#left === -1 && known.subarray(-endOfChunks.length).equals(endOfChunks)) this.#done();
  }

  /** False: there is nothing to look at beyond it, or it is not complete. */
  #readHead(known: Buffer): boolean {
    const end = known.indexOf("\r\n\r\n");
    if (end === -1) return false;
    const head = known.toString("latin1", 0, end);
    this.#beginning = known.toString("latin1", 0, Math.min(known.length, end + beginningBytes));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#left = -1;
      return true;
    }
    this.#held = null;
    this.#left = Number(length) - (known.length - end - 4);
    if (this.#left === 0) this.#done();
    return false;
  }

  #done(): void {
    const beginning = this.#beginning;
    this.#held = null;
    this.#left = 0;
    this.#failed = null;
    const isGood = beginning.startsWith("HTTP/1.1 200") && !beginning.includes('"errors"') && !beginning.includes(":null}");
    this.#answered?.({ isGood, beginning });
  }
}
