/**
 * Names make statements prepared ones, which are planned once a connection. Each connection keeps what was prepared on it, so names are few:
 * a text that has none takes the place of the longest unused one, at its second use, and not often. Its name is new: no name ever
 * stands for two texts. With the age that a connection reaches, that bounds what is on it.
 */
export interface StatementNamesOptions {
  readonly prefix: string;
  /** Texts that have a name at the same time. */
  readonly most: number;
  /** Between one text that loses its name to another and the next. */
  readonly everyMs?: number;
  /** Milliseconds of a clock that never jumps. */
  readonly now?: () => number;
}

/** The name of a text; undefined: it is not prepared. */
export type StatementNames = (text: string) => string | undefined;

interface Named {
  readonly name: string;
  lastUse: number;
}

export function statementNames({ prefix, most, everyMs = 10_000, now = () => performance.now() }: StatementNamesOptions): StatementNames {
  const named = new Map<string, Named>();
  const seen = new Set<string>();
  let uses = 0;
  let made = 0;
  let nextMs = Number.NEGATIVE_INFINITY;

  const give = (text: string): string => {
    const name = `${prefix}${++made}`;
    named.set(text, { name, lastUse: uses });
    return name;
  };
  const isSeen = (text: string): boolean => {
    if (seen.has(text)) return true;
    if (seen.size >= most) seen.clear();
    seen.add(text);
    return false;
  };
  const longestUnused = (): string | undefined => {
    let found: { readonly text: string; readonly lastUse: number } | undefined;
    for (const [text, { lastUse }] of named) if (found === undefined || lastUse < found.lastUse) found = { text, lastUse };
    return found?.text;
  };

  return (text) => {
    uses++;
    const known = named.get(text);
    if (known !== undefined) {
      known.lastUse = uses;
      return known.name;
    }
    if (named.size < most) return give(text);
    if (!isSeen(text) || now() < nextMs) return undefined;
    nextMs = now() + everyMs;
    named.delete(longestUnused() ?? "");
    return give(text);
  };
}
