/** A place in a list by name, as the product writes it into a cursor: the peers write the same, so that answers are equal as they are. */

export const cursorOf = (name: string, id: string): string =>
  Buffer.from(JSON.stringify(["NAME", "ASC", name.toLowerCase(), id])).toString("base64url");
