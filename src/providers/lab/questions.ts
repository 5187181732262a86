/**
 * Questions that come while others of their kind are being answered go together, as one statement: dozens of runs that each look a few times a
 * second cost the simulated sites, and the connections to them, little more than one. Each is answered by itself.
 */
import { overOrLate } from "./late.ts";
import type { Line, Reply, Statement } from "./line.ts";

const many: Statement = { name: "lab-together", text: "SELECT lab.answer_together($1, $2) AS replies" };

/** In one statement at most: the first of them waits for the last. */
const most = 50;

interface Waiting {
  readonly values: readonly unknown[];
  /** Its reply among those of many; undefined: it has to ask by itself. */
  hear(reply: Reply<never> | undefined): void;
  /** True: nobody waits for it any more, and it is not asked. */
  isGivenUp(): boolean;
}

/** What questions need of it. */
export type QuestionLine = Pick<Line, "follow" | "converse" | "askMany" | "hear">;

/** Of one kind. */
export class Questions {
  readonly #line: QuestionLine;
  readonly #kind: string;
  readonly #alone: Statement;
  #waiting: Waiting[] = [];
  #isAsking = false;

  /** `kind` is known to the sites; `alone` asks one question by itself. */
  constructor(line: QuestionLine, kind: "vmStatus" | "observe" | "heartbeat", alone: Statement) {
    this.#line = line;
    this.#kind = kind;
    this.#alone = alone;
  }

  ask<A>(values: readonly unknown[], signal: AbortSignal): Promise<A> {
    const begin = () => {
      const { promise, resolve, reject } = Promise.withResolvers<A>();
      const hear = (reply: Reply<never> | undefined) =>
        resolve(reply === undefined ? this.#line.converse<A>(this.#alone, values) : this.#line.hear<A>(reply));
      const isGivenUp = () => {
        if (signal.aborted) reject(signal.reason);
        return signal.aborted;
      };
      this.#waiting.push({ values, hear, isGivenUp });
      this.#askSoon();
      return promise;
    };
    return this.#line.follow(begin, signal);
  }

  #askSoon(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    setImmediate(() => void this.#askAll());
  }

  async #askAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const asked = this.#waiting.splice(0, most).filter((one) => !one.isGivenUp());
      if (asked.length > 0) await overOrLate(this.#send(asked));
    }
    this.#isAsking = false;
  }

  async #send(asked: readonly Waiting[]): Promise<void> {
    const replies = await this.#line.askMany(many, [this.#kind, JSON.stringify(asked.map(({ values }) => values))]);
    for (const [index, { hear }] of asked.entries()) hear(replies?.[index]);
  }
}
