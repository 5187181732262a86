import pg from "pg";

/** Does it before the next statement of this name is sent, by whichever connection of this process; answers what puts an end to that. */
export function beforeStatement(name: string, work: () => Promise<unknown>): () => void {
  const { query } = pg.Client.prototype;
  const stop = () => {
    pg.Client.prototype.query = query;
  };
  pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]) {
    const send = () => Reflect.apply(query, this, given);
    const [first] = given;
    if (typeof first !== "object" || first === null || !("name" in first) || first.name !== name) return send();
    stop();
    return work().then(send);
  };
  return stop;
}
