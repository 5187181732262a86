/** For work that goes on side by side in one transaction: each statement is sent when the one before it has been answered. */
import type pg from "pg";

export function inTurn<C extends Pick<pg.ClientBase, "query">>(client: C): C {
  let last: Promise<unknown> = Promise.resolve();
  const query = (...given: unknown[]): Promise<unknown> => {
    const answer = last.then(() => Reflect.apply(client.query, client, given));
    last = answer.catch(() => undefined); // whoever has asked hears of it
    return answer;
  };
  return new Proxy(client, { get: (target, name) => (name === "query" ? query : Reflect.get(target, name, target)) });
}
