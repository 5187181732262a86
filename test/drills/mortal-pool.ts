/**
 * The connections of a node that can die like a process between any two of its statements: before one is sent, or when the server has done it
 * and the node has not heard so. From then on nothing of the node reaches the database, and what was open there is rolled back.
 */
import type pg from "pg";

export interface Fuse {
  /** Dies at the statement with this number from now on, from 1. */
  readonly statement: number;
  readonly when: "BEFORE" | "AFTER";
}

export interface MortalPool {
  readonly pool: pg.Pool;
  /** Null: it lives on. */
  setFuse(fuse: Fuse | null): void;
  /** What it died at; null: it lives. */
  readonly diedAt: string | null;
  die(): void;
}

/** What a client of PostgreSQL says when its connection is gone. */
const gone = () => Object.assign(new Error("Connection terminated: the node is dead"), { code: "08006" });

export function mortalPool(inner: pg.Pool): MortalPool {
  let fuse: Fuse | null = null;
  let sent = 0;
  let diedAt: string | null = null;

  /** One statement on its way. */
  async function send(statement: unknown, way: () => unknown): Promise<unknown> {
    if (diedAt !== null) throw gone();
    sent += 1;
    const burns = fuse !== null && sent >= fuse.statement ? fuse.when : null;
    const death = `${burns} ${nameOf(statement)}`;
    if (burns === "BEFORE") diedAt = death;
    if (diedAt !== null) throw gone();
    const answer = await way();
    if (burns === "AFTER") diedAt ??= death;
    if (diedAt !== null) throw gone();
    return answer;
  }
  const overQuery = <T extends pg.Pool | pg.PoolClient>(target: T, others: Readonly<Record<string, unknown>> = {}): T =>
    new Proxy(target, {
      get(_target, property) {
        if (typeof property === "string" && property in others) return others[property];
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== "function") return value;
        if (property !== "query") return value.bind(target);
        return (...given: unknown[]) => send(given[0], () => Reflect.apply(value, target, given));
      },
    });
  const connect = async () => {
    if (diedAt !== null) throw gone();
    return overQuery(await inner.connect());
  };
  return {
    pool: overQuery(inner, { connect }),
    setFuse(given) {
      fuse = given;
      sent = 0;
    },
    get diedAt() {
      return diedAt;
    },
    die() {
      diedAt ??= "its end";
    },
  };
}

function nameOf(statement: unknown): string {
  if (typeof statement === "string") return statement.slice(0, 40);
  const name: unknown = typeof statement === "object" && statement !== null ? Reflect.get(statement, "name") : null;
  return typeof name === "string" ? name : "a statement";
}
