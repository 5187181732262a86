/** An invariant that does not hold. */
export class Broken extends Error {
  override readonly name = "Broken";
  constructor(invariant: string, details: object) {
    super(`${invariant}\n${JSON.stringify(details, (_key, value) => (value instanceof Map ? Object.fromEntries(value) : value), 1)}`);
  }
}
