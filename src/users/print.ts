import type { UserRow } from "../domain/access/user-rows.ts";

type Shape = "table" | "lines" | "json";

/** For people a table; for programs a line each, with tabs, or JSON. */
export function printUsers(users: readonly UserRow[], shape: Shape): string {
  if (shape === "json") return JSON.stringify(users.map(({ name, roles, createdAt }) => ({ name, roles, createdAt })));
  const rows = users.map(({ name, roles, createdAt }) => [name, roles.join(","), createdAt.toISOString()] as const);
  if (shape === "lines") return rows.map((row) => row.join("\t")).join("\n");
  const table = [["NAME", "ROLES", "ADDED"] as const, ...rows];
  const widths = [0, 1].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")).join("\n");
}
