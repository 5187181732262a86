/** What a cursor says: the last row that was seen. */
export function placeOf(cursor: string): { readonly name: string; readonly id: string } {
  const [, , name, id]: unknown[] = JSON.parse(Buffer.from(cursor, "base64url").toString());
  return { name: String(name), id: String(id) };
}
