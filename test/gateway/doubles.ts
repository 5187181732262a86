/** Sessions and a source of events that a test holds in its hands. */
import { randomUUID } from "node:crypto";
import type { Sessions } from "../../src/domain/access/sessions.ts";
import { roles } from "../../src/domain/viewer.ts";

interface TestSession {
  readonly id: string;
  expiresAt: number;
  deleted: boolean;
}

/** Sessions as the gateway sees them. `forget` is a deletion on another node: nobody tells this one. */
export function sessionsInMemory() {
  const byToken = new Map<string, TestSession>();
  const listeners = new Set<(id: string) => void>();
  let away: Error | null = null;
  const isOver = (session: TestSession | undefined) => !session || session.deleted || session.expiresAt <= Date.now();

  const gate: Pick<Sessions, "authenticate" | "overAmong" | "onRemoved"> = {
    async authenticate(token) {
      if (away) throw away;
      const session = byToken.get(token);
      if (!session || session.deleted) return { state: "unknown" };
      const expiresAt = new Date(session.expiresAt);
      if (isOver(session)) return { state: "expired", expiredAt: expiresAt };
      const viewer = { userId: "u1", name: "ada", roles: new Set(roles), sessionId: session.id, expiresAt };
      return { state: "valid", viewer, remainingMs: session.expiresAt - Date.now() };
    },
    async overAmong(ids) {
      return [...byToken.values()]
        .filter((one) => ids.includes(one.id) && isOver(one))
        .map((one) => ({ id: one.id, expired: !one.deleted }));
    },
    onRemoved(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    ...gate,
    open(lifeMs = 3_600_000): string {
      const token = randomUUID();
      byToken.set(token, { id: randomUUID(), expiresAt: Date.now() + lifeMs, deleted: false });
      return token;
    },
    forget(token: string) {
      const session = byToken.get(token);
      if (session) session.deleted = true;
    },
    remove(token: string) {
      const session = byToken.get(token);
      if (!session) return;
      session.deleted = true;
      for (const listener of listeners) listener(session.id);
    },
    goAway(error: Error | null) {
      away = error;
    },
  };
}

/** A source of numbers that a test pushes by hand; `open` counts those that have been started and not returned. */
export function tickSource() {
  const readers = new Set<{ push(n: number): void; fail(error: Error): void }>();
  const changed = new Set<() => void>();
  let pulls = 0;
  const announce = () => {
    for (const listener of changed) listener();
  };

  function source(): AsyncIterableIterator<number> {
    const queue: number[] = [];
    let failure: Error | null = null;
    let over = false;
    let wake: (() => void) | null = null;
    const settle = () => {
      wake?.();
      wake = null;
    };
    const reader = {
      push: (n: number) => [queue.push(n), settle()],
      fail: (error: Error) => {
        failure = error;
        settle();
      },
    };
    const iterator: AsyncIterableIterator<number> = {
      [Symbol.asyncIterator]: () => iterator,
      async next() {
        pulls++;
        readers.add(reader);
        announce();
        while (!over && !failure && queue.length === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        if (failure) throw failure;
        const value = queue.shift();
        return over || value === undefined ? { done: true, value: undefined } : { done: false, value };
      },
      async return() {
        over = true;
        readers.delete(reader);
        settle();
        announce();
        return { done: true, value: undefined };
      },
    };
    return iterator;
  }

  return {
    source,
    open: () => readers.size,
    pulls: () => pulls,
    push: (n: number) => {
      for (const reader of readers) reader.push(n);
    },
    fail: (error: Error) => {
      for (const reader of readers) reader.fail(error);
    },
    /** Resolves when that many are open. */
    opened: (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (readers.size !== count) return;
          changed.delete(look);
          resolve();
        };
        changed.add(look);
        look();
      }),
  };
}
