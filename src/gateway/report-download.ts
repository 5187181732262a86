/** A report's content, by GET: with the signature of its link, or with a session. */
import type { Caller } from "../domain/access/caller.ts";
import type { ServedFile } from "./files.ts";

/** Of the link; null: there is none, and the session decides. */
export interface LinkSignature {
  readonly expires: string;
  readonly signature: string;
}

/** Rejects with a DomainError. */
export type ReportDownload = (
  caller: Caller,
  reportId: string,
  link: LinkSignature | null,
  signal: AbortSignal,
) => Promise<ServedFile & { readonly fileName: string }>;

/** The id in the path of a download; null: it is another path. */
export const reportIdOf = (path: string | undefined): string | null =>
  /^\/reports\/([A-Za-z0-9_-]{1,200})\/download$/.exec(path ?? "")?.[1] ?? null;

export const reportFile = (download: ReportDownload, id: string, url: string | undefined) => ({
  kind: "report",
  read: (caller: Caller, signal: AbortSignal): Promise<ServedFile> => download(caller, id, signatureIn(url), signal),
});

/** Half of a signature is one that can't be right. */
function signatureIn(url = ""): LinkSignature | null {
  const query = new URLSearchParams(url.split("?")[1] ?? "");
  const [expires, signature] = [query.get("expires"), query.get("signature")];
  return expires === null && signature === null ? null : { expires: expires ?? "", signature: signature ?? "" };
}
