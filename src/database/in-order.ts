/**
 * Statements of one writer that need not wait for each other's answers: they are sent over one connection, and done in their order, each a
 * transaction of its own. When one fails, those behind it are done all the same: it is for them to say that they hang on it.
 */
import type pg from "pg";

export class InOrder {
  readonly #pool: pg.Pool;
  #connecting: Promise<pg.PoolClient> | null = null;
  #client: pg.PoolClient | null = null;
  #underWay = 0;
  #failed = false;
  /** Sent once the connection has been given back. */
  #behind: (() => void)[] = [];

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** Sent at once, behind those that are under way; as the pool's own `query` otherwise. */
  query(query: pg.QueryConfig): Promise<pg.QueryResult> {
    const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult>();
    this.#sendOrWait(() => void this.#send(query).then(resolve, reject));
    return promise;
  }

  /** A connection that has failed takes no more, and one that others wait for goes back first. */
  #sendOrWait(send: () => void): void {
    const mustWait =
      this.#connecting !== null && (this.#failed || this.#behind.length > 0 || this.#pool.waitingCount > this.#pool.idleCount);
    if (mustWait) this.#behind.push(send);
    else send();
  }

  async #send(query: pg.QueryConfig): Promise<pg.QueryResult> {
    this.#underWay++;
    this.#connecting ??= this.#pool.connect();
    try {
      this.#client = await this.#connecting;
      return await this.#client.query(query);
    } catch (error) {
      this.#failed = true;
      throw error;
    } finally {
      this.#underWay--;
      if (this.#underWay === 0) this.#giveBack();
    }
  }

  #giveBack(): void {
    this.#client?.release(this.#failed);
    this.#client = null;
    this.#connecting = null;
    this.#failed = false;
    for (const send of this.#behind.splice(0)) this.#sendOrWait(send);
  }
}
