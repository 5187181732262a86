/**
 * Orders of one owner at one site that come at the same moment go as one statement, so that thousands of them cost the simulated sites
 * little. Each is answered by itself.
 */
import type { EffectCall, EffectKind, EffectRequest, Operation } from "../contract.ts";
import type { Line, Reply, Statement } from "./line.ts";

const one: Statement = { name: "lab-order", text: "SELECT lab.order_effect($1, $2, $3, $4, $5, $6, $7) AS reply" };
const many: Statement = { name: "lab-orders", text: "SELECT lab.order_effects($1, $2, $3, $4) AS replies" };

/** In one statement at most: the first of them waits for the last. */
const most = 100;

interface Waiting {
  readonly given: { readonly key: string; readonly kind: EffectKind; readonly request: object };
  /** Its reply among those of many; undefined: it has to ask by itself. */
  hear(reply: Reply<never> | undefined): void;
}

interface Owner {
  readonly siteId: string;
  readonly runId: string;
  readonly epoch: bigint;
  readonly waiting: Waiting[];
}

export class Orders {
  readonly #line: Line;
  readonly #owners = new Map<string, Owner>();

  constructor(line: Line) {
    this.#line = line;
  }

  order<K extends EffectKind>(siteId: string, kind: K, request: EffectRequest<K>, call: EffectCall): Promise<Operation<K>> {
    const { key, runId, epoch, signal } = call;
    const alone = () => this.#line.converse<Operation<K>>(one, [siteId, kind, JSON.stringify(request), key, runId, epoch]);
    const begin = () => {
      const { promise, resolve } = Promise.withResolvers<Operation<K>>();
      const hear = (reply: Reply<never> | undefined) => resolve(reply === undefined ? alone() : this.#line.hear<Operation<K>>(reply));
      this.#ownerOf({ siteId, runId, epoch }).waiting.push({ given: { key, kind, request }, hear });
      return promise;
    };
    return this.#line.follow(begin, signal);
  }

  /** What it orders until this turn of the event loop is over goes together. */
  #ownerOf(who: Omit<Owner, "waiting">): Owner {
    const name = `${who.siteId}/${who.runId}/${who.epoch}`;
    const known = this.#owners.get(name);
    if (known) return known;
    const owner: Owner = { ...who, waiting: [] };
    this.#owners.set(name, owner);
    setImmediate(() => {
      this.#owners.delete(name);
      for (let at = 0; at < owner.waiting.length; at += most) void this.#send(owner, owner.waiting.slice(at, at + most));
    });
    return owner;
  }

  async #send({ siteId, runId, epoch }: Owner, orders: readonly Waiting[]): Promise<void> {
    const values = [siteId, runId, epoch, JSON.stringify(orders.map(({ given }) => given))];
    const replies = orders.length === 1 ? null : await this.#line.askMany(many, values);
    for (const [index, { hear }] of orders.entries()) hear(replies?.[index]);
  }
}
