/** What an e-mail address looks like, and who e-mails come from. Pure. */

/** One address, nothing that could be two or a header; whether it exists, the first e-mail tells. */
export function addressProblem(text: string): string | null {
  if (text.length > 254) return `An e-mail address may have 254 characters, and this has ${text.length}.`;
  const [, domain] = /^[^\s@,;:<>()[\]"\\\p{Cc}]{1,64}@([^\s@,;:<>()[\]"\\\p{Cc}]+)$/u.exec(text) ?? [];
  if (domain === undefined || domain.startsWith(".") || domain.endsWith(".")) return "This is no e-mail address, such as olga@example.com.";
  return null;
}

/** An address alone, or with a name before it. */
export function senderProblem(text: string): string | null {
  const [, name = "", address = text.trim()] = /^([^<]*)<([^>]*)>\s*$/.exec(text) ?? [];
  return /[\p{Cc},;:@()[\]\\]/u.test(name) || addressProblem(address) !== null
    ? "it has to be one address, such as DR gateway <dr@example.com>"
    : null;
}

/** The URL of a mail server. A sign of the password that ends a host name would lead somewhere else, without a word. */
export function smtpUrlProblem(text: string): string | null {
  const url = /^smtps?:\/\//.test(text) && URL.canParse(text) ? new URL(text) : null;
  const isWhole = url !== null && url.hostname !== "" && /^\/?$/.test(url.pathname) && url.hash === "" && !/[@\s\p{Cc}]/u.test(url.search);
  if (isWhole && !/%(?![0-9a-f]{2})/i.test(url.username + url.password)) return null;
  return "it has to look like smtps://user:password@mail.example.com:465, where @ / ? # % in user and password are written as %40 %2F %3F %23 %25";
}
