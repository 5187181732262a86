/** Names make Prisma's statements prepared ones: planned once a connection, which is twice as fast. */
export type StatementNames = (statement: { readonly sql: string }) => string;

/** Each connection keeps what was prepared on it; past this many texts statements go without a name. */
const mostNames = 1_000;

export function statementNames(limit = mostNames): StatementNames {
  const names = new Map<string, string>();
  return ({ sql }) => {
    const known = names.get(sql);
    if (known !== undefined) return known;
    if (names.size >= limit) return "";
    const name = `prisma_${names.size + 1}`;
    names.set(sql, name);
    return name;
  };
}
