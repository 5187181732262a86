import type { CallSession } from "./call.ts";

export type EndReason = "deleted" | "expired" | "lagging" | "stopping";

/** A connection that deliveries go out on: a WebSocket, or an event stream. */
export interface Live {
  readonly kind: "socket" | "stream";
  /** Null: nobody is signed in. */
  readonly sessionId: string | null;
  /** It ends when this session expires. */
  belongTo(session: CallSession): void;
  /** Sources that are being read for it. */
  readonly sources: ReadonlySet<Source>;
  /** The source is returned when the connection ends, at once if it has ended. Answers how to forget it. */
  track(source: Source): () => void;
  /** Closes it, telling the client why, and returns its sources. Again: nothing. */
  end(reason: EndReason): void;
  /** For its transport: the connection is closed. */
  gone(): void;
}

export interface Source {
  return(): Promise<unknown>;
}

export interface LiveOptions {
  readonly kind: Live["kind"];
  readonly close: (reason: EndReason) => void;
  /** Called once, when it is closed by whomever. */
  readonly onGone: () => void;
}

/** In milliseconds, some 24 days; a longer one would go off at once. Tokens of an issuer may live longer: their clients come back. */
const longestTimer = 2 ** 31 - 1;

export function createLive({ kind, close, onGone }: LiveOptions): Live {
  const sources = new Set<Source>();
  let state: "open" | "ending" | "gone" = "open";
  let session: CallSession | null = null;
  let expiry: NodeJS.Timeout | undefined;
  const returnSources = () => {
    for (const source of sources) source.return().catch(() => {}); // it is let go of; nobody is left to hear of it
    sources.clear();
  };
  const live: Live = {
    kind,
    get sessionId() {
      return session?.id ?? null;
    },
    sources,
    belongTo(its) {
      session = its;
      clearTimeout(expiry);
      if (state === "open") expiry = setTimeout(() => live.end("expired"), Math.min(its.remainingMs, longestTimer)).unref();
    },
    track(source) {
      sources.add(source);
      if (state !== "open") returnSources();
      return () => sources.delete(source);
    },
    end(reason) {
      if (state !== "open") return;
      state = "ending";
      close(reason); // first: a source that ends on an open socket says "complete", and its client never comes back
      returnSources();
    },
    gone() {
      if (state === "gone") return;
      state = "gone";
      clearTimeout(expiry);
      returnSources();
      onGone();
    },
  };
  return live;
}
