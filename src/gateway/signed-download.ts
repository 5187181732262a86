/** What is downloaded by GET, with the signature of its link or with a session: reports, and evidence packs. */
import type { Caller } from "../domain/access/caller.ts";
import type { GivenSignature } from "../domain/signed-link.ts";
import type { ServedFile } from "./files.ts";

/** `link`: null where there is none, and the session decides. Rejects with a DomainError. */
export type SignedDownload = (
  caller: Caller,
  id: string,
  link: GivenSignature | null,
  signal: AbortSignal,
) => Promise<ServedFile & { readonly fileName: string }>;

const idIn =
  (pattern: RegExp) =>
  (path: string | undefined): string | null =>
    pattern.exec(path ?? "")?.[1] ?? null;

/** The id in the path of a report's content; null: it is another path. */
export const reportIdOf = idIn(/^\/reports\/([A-Za-z0-9_-]{1,200})\/download$/);

/** The same of a run's evidence pack. */
export const packIdOf = idIn(/^\/recoveries\/([A-Za-z0-9_-]{1,200})\/evidence\.zip$/);

/** `kind` is for the log. */
export const signedFile = (kind: string, download: SignedDownload, id: string, url: string | undefined) => ({
  kind,
  read: (caller: Caller, signal: AbortSignal): Promise<ServedFile> => download(caller, id, signatureIn(url), signal),
});

/** Half of a signature is one that can't be right. */
function signatureIn(url = ""): GivenSignature | null {
  const query = new URLSearchParams(url.split("?")[1] ?? "");
  const [expires, signature] = [query.get("expires"), query.get("signature")];
  return expires === null && signature === null ? null : { expires: expires ?? "", signature: signature ?? "" };
}
