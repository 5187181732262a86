/** Sends operations by each transport, and waits for the answer or for too long. */
import { WebSocket } from "ws";

export interface Sent {
  readonly query: string;
  readonly variables: unknown;
}

export interface Answer {
  /** Of HTTP; 200 where the transport has none. */
  readonly status: number;
  /** As it came. */
  readonly text: string;
}

/** Within this time anything has to be answered. */
export const limitMs = 10_000;

const tooLate = () => AbortSignal.timeout(limitMs);

export async function overHttp(url: string, headers: Record<string, string>, operation: Sent): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/graphql-response+json", ...headers },
    body: JSON.stringify(operation),
    signal: tooLate(),
  });
  return { status: response.status, text: await response.text() };
}

/** Up to the first event. */
export async function overSse(url: string, headers: Record<string, string>, operation: Sent): Promise<Answer> {
  const over = new AbortController();
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream", ...headers },
    body: JSON.stringify(operation),
    signal: AbortSignal.any([over.signal, tooLate()]),
  });
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (/^event: (next|complete)\ndata:.*\n\n/m.test(text)) break;
  }
  over.abort();
  return { status: response.status, text: /^data: ?(.*)$/m.exec(text)?.[1] || text };
}

export interface SocketClient {
  /** Up to the first message; what goes on is completed. */
  send(operation: Sent): Promise<Answer>;
  readonly isOpen: boolean;
  close(): void;
}

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

export async function openSocket(url: string, token: string): Promise<SocketClient> {
  const socket = new WebSocket(url.replace("http", "ws"), "graphql-transport-ws");
  const waiting = new Map<string, (message: Message) => void>();
  let ids = 0;
  let closed: number | null = null;
  const hear = (id: string) =>
    new Promise<Message>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no message within ${limitMs} ms`)), limitMs);
      waiting.set(id, (message) => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(message);
      });
    });
  socket.on("error", () => {});
  socket.on("message", (data) => {
    const message: Message = JSON.parse(String(data));
    waiting.get(message.id ?? message.type)?.(message);
  });
  socket.on("close", (code) => {
    closed = code;
    for (const answer of [...waiting.values()]) answer({ type: "closed", payload: { closed } });
  });
  const send = (message: object) => socket.send(JSON.stringify(message));
  const acknowledged = hear("connection_ack");
  socket.on("open", () => send({ type: "connection_init", payload: { sessionToken: token } }));
  await acknowledged;
  return {
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    async send(operation) {
      if (socket.readyState !== WebSocket.OPEN) return { status: 200, text: JSON.stringify({ closed }) };
      const id = `o${ids++}`;
      const heard = hear(id);
      send({ type: "subscribe", id, payload: operation });
      const { type, payload } = await heard;
      if (type === "next") send({ type: "complete", id });
      return { status: 200, text: JSON.stringify(type === "error" ? { errors: payload } : (payload ?? null)) };
    },
    close: () => socket.close(),
  };
}
