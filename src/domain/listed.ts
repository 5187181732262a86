/** Names in a message: at most five, and how many there are beside them. */
export function listed(names: readonly string[], count = names.length): string {
  const shown = names.slice(0, 5);
  return count > shown.length ? `${shown.join(", ")} and ${count - shown.length} more` : shown.join(", ");
}
