/** The picture of a run, by GET. */
import type { Caller } from "../domain/access/caller.ts";
import type { ServedFile } from "./files.ts";

/** SVG; rejects with a DomainError. */
export type Gantt = (caller: Caller, recoveryId: string, signal: AbortSignal) => Promise<string>;

/** The id in the path of a picture; null: it is another path. */
export const ganttIdOf = (path: string | undefined): string | null =>
  /^\/recoveries\/([A-Za-z0-9_-]{1,200})\/gantt\.svg$/.exec(path ?? "")?.[1] ?? null;

export const ganttFile = (gantt: Gantt, id: string) => ({
  kind: "gantt.svg",
  read: async (caller: Caller, signal: AbortSignal): Promise<ServedFile> => ({
    contentType: "image/svg+xml; charset=utf-8",
    fileName: null,
    body: await gantt(caller, id, signal),
  }),
});
