/** Takes secrets out of text, also out of text that comes in pieces. */
const mask = "[redacted]";

export interface Redactor {
  /** What can be shown by now; an end that may be the beginning of a secret is held back. */
  push(text: string): string;
  end(): string;
}

export function redactor(secrets: readonly string[]): Redactor {
  const known = [...new Set(secrets)].filter((secret) => secret !== "").sort((a, b) => b.length - a.length);
  let held = "";
  const step = (text: string, last: boolean): string => {
    if (known.length === 0) return text;
    const { shown, rest } = scan(held + text, known, last);
    held = rest;
    return shown;
  };
  return { push: (text) => step(text, false), end: () => step("", true) };
}

export const redact = (text: string, secrets: readonly string[]): string => {
  const once = redactor(secrets);
  return once.push(text) + once.end();
};

/** `secrets`: longest first, so that one that begins with another is not cut. */
function scan(text: string, secrets: readonly string[], last: boolean): { shown: string; rest: string } {
  const firsts = new Set(secrets.map((secret) => secret[0]));
  let shown = "";
  let from = 0;
  let at = 0;
  while (at < text.length) {
    if (!firsts.has(text[at])) {
      at++;
      continue;
    }
    const open = !last && secrets.some((secret) => secret.length > text.length - at && secret.startsWith(text.slice(at)));
    if (open) break;
    const found = secrets.find((secret) => text.startsWith(secret, at));
    if (found === undefined) {
      at++;
      continue;
    }
    shown += text.slice(from, at) + mask;
    at += found.length;
    from = at;
  }
  return { shown: shown + text.slice(from, at), rest: text.slice(at) };
}
