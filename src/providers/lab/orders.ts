/**
 * Orders of one owner at one site that come at the same moment go as one statement, so that thousands of them cost the simulated sites
 * little. Each is answered by itself.
 */
import type { EffectCall, EffectKind, EffectRequest, Operation } from "../contract.ts";
import { overOrLate } from "./late.ts";
import type { Line, Reply, Statement } from "./line.ts";

const one: Statement = { name: "lab-order", text: "SELECT lab.order_effect($1, $2, $3, $4, $5, $6, $7) AS reply" };
const many: Statement = { name: "lab-orders", text: "SELECT lab.order_effects($1, $2, $3, $4) AS replies" };

/** In one statement at most: the first of them waits for the last. */
const most = 100;

/** So many such statements are under way at most: more would keep short questions, and orders of others, waiting for a connection and for the server. */
const atOnce = 2;

interface Waiting {
  readonly given: { readonly key: string; readonly kind: EffectKind; readonly request: object };
  /** Its reply among those of many; undefined: it has to ask by itself. */
  hear(reply: Reply<never> | undefined): void;
  /** True: nobody waits for it any more, and it is not sent. */
  isGivenUp(): boolean;
}

interface Owner {
  readonly siteId: string;
  readonly runId: string;
  readonly epoch: bigint;
  readonly waiting: Waiting[];
  /** Statements. */
  underWay: number;
}

/** What orders need of it. */
export type OrderLine = Pick<Line, "follow" | "converse" | "askMany" | "hear">;

export class Orders {
  readonly #line: OrderLine;
  /** Of whom orders wait or are under way, in the order of their turns. */
  readonly #owners = new Map<string, Owner>();
  #underWay = 0;
  #isDue = false;

  constructor(line: OrderLine) {
    this.#line = line;
  }

  order<K extends EffectKind>(siteId: string, kind: K, request: EffectRequest<K>, call: EffectCall): Promise<Operation<K>> {
    const { key, runId, epoch, signal } = call;
    const alone = () => this.#line.converse<Operation<K>>(one, [siteId, kind, JSON.stringify(request), key, runId, epoch]);
    const begin = () => {
      const { promise, resolve, reject } = Promise.withResolvers<Operation<K>>();
      const hear = (reply: Reply<never> | undefined) => resolve(reply === undefined ? alone() : this.#line.hear<Operation<K>>(reply));
      const isGivenUp = () => {
        if (signal.aborted) reject(signal.reason);
        return signal.aborted;
      };
      this.#ownerOf({ siteId, runId, epoch }).waiting.push({ given: { key, kind, request }, hear, isGivenUp });
      this.#sendSoon();
      return promise;
    };
    return this.#line.follow(begin, signal);
  }

  #ownerOf(who: Pick<Owner, "siteId" | "runId" | "epoch">): Owner {
    const name = `${who.siteId}/${who.runId}/${who.epoch}`;
    const known = this.#owners.get(name);
    if (known) return known;
    const owner: Owner = { ...who, waiting: [], underWay: 0 };
    this.#owners.set(name, owner);
    return owner;
  }

  /** What is ordered until this turn of the event loop is over goes together, and what comes while it waits for its turn. */
  #sendSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      for (const [name, owner] of this.#owners) if (owner.waiting.length === 1 && owner.underWay === 0) this.#sendAlone(name, owner);
      this.#sendNext();
    });
  }

  #sendAlone(name: string, { waiting }: Owner): void {
    this.#owners.delete(name);
    for (const { hear } of waiting) hear(undefined);
  }

  /** Owners take turns: an order of one waits for no hundred of another. */
  #sendNext(): void {
    for (const [name, owner] of this.#owners) {
      if (this.#underWay >= atOnce) return;
      if (owner.waiting.length === 0) continue;
      this.#putLast(name, owner);
      void this.#send(name, owner);
    }
  }

  #putLast(name: string, owner: Owner): void {
    this.#owners.delete(name);
    this.#owners.set(name, owner);
  }

  async #send(name: string, owner: Owner): Promise<void> {
    const orders = owner.waiting.splice(0, most).filter((one) => !one.isGivenUp());
    this.#underWay++;
    owner.underWay++;
    if (orders.length > 0) await overOrLate(this.#sendTogether(owner, orders));
    this.#underWay--;
    owner.underWay--;
    if (owner.underWay === 0 && owner.waiting.length === 0) this.#owners.delete(name);
    else this.#putLast(name, owner);
    this.#sendNext();
  }

  async #sendTogether({ siteId, runId, epoch }: Owner, orders: readonly Waiting[]): Promise<void> {
    const replies = await this.#line.askMany(many, [siteId, runId, epoch, JSON.stringify(orders.map(({ given }) => given))]);
    for (const [index, { hear }] of orders.entries()) hear(replies?.[index]);
  }
}
