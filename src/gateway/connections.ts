/** What stays open: WebSockets and event streams, by the session that they belong to. */
import type { Logger } from "pino";
import type { Sessions } from "../domain/access/sessions.ts";
import { createLive, type EndReason, type Live, type LiveOptions } from "./live.ts";

export interface Connections {
  open(options: Omit<LiveOptions, "onGone">): Live;
  endSession(sessionId: string, reason: EndReason): void;
  /** Sockets one by one over `spreadMs`, so that their clients don't come back all at once; resolves when nothing is left open. */
  stop(spreadMs: number): Promise<void>;
  counts(): { readonly sockets: number; readonly streams: number; readonly sources: number };
  close(): void;
}

type SessionWatch = Pick<Sessions, "overAmong" | "onRemoved">;

/** Sessions that are deleted here end at once, those deleted elsewhere at the next look (or event). */
export function createConnections(sessions: SessionWatch, lookMs: number, log: Logger): Connections {
  const all = new Set<Live>();
  let emptied: (() => void) | null = null;
  let looking = false;

  const endSession = (sessionId: string, reason: EndReason) => {
    for (const live of all) if (live.sessionId === sessionId) live.end(reason);
  };
  const look = async () => {
    const ids = new Set([...all].map((live) => live.sessionId).filter((id) => id !== null));
    if (looking || ids.size === 0) return;
    looking = true;
    try {
      for (const { id, expired } of await sessions.overAmong([...ids])) endSession(id, expired ? "expired" : "deleted");
    } catch (error) {
      log.debug({ err: error }, "sessions could not be looked at; the next look will");
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(() => void look(), lookMs).unref();
  const forget = sessions.onRemoved((sessionId) => endSession(sessionId, "deleted"));
  const count = (kind: Live["kind"]) => [...all].filter((live) => live.kind === kind).length;

  return {
    open(options) {
      const onGone = () => {
        all.delete(live);
        if (all.size === 0) emptied?.();
      };
      const live = createLive({ ...options, onGone });
      all.add(live);
      return live;
    },
    endSession,
    async stop(spreadMs) {
      if (all.size === 0) return;
      const gone = new Promise<void>((resolve) => {
        emptied = resolve;
      });
      const step = spreadMs / all.size;
      for (const [i, live] of [...all].entries()) setTimeout(() => live.end("stopping"), live.kind === "socket" ? i * step : 0);
      await gone;
    },
    counts: () => ({
      sockets: count("socket"),
      streams: count("stream"),
      sources: [...all].reduce((sum, live) => sum + live.sources.size, 0),
    }),
    close() {
      clearInterval(timer);
      forget();
    },
  };
}
