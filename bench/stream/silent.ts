/** A subscriber that hears the first events and then reads no more from its socket: when is it let go, and what has it missed when it comes back. */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { openRawSocket } from "./raw-socket.ts";
import { query } from "./subscribers.ts";

export interface SilentOptions {
  readonly url: string;
  readonly token: string;
  readonly variables: object;
}

/** Nobody else's: subscribers of other addresses may have the same port. */
const localAddress = "127.0.0.10";

interface Batch {
  readonly cursor: string;
  readonly events: readonly { readonly sequence: number }[];
}

/** Reads until it is told to stop, or until the stream is complete. */
function reads({ url, token, variables }: SilentOptions, stop: (batch: Batch) => boolean) {
  const { hostname: host, port } = new URL(url);
  const sequences: number[] = [];
  return new Promise<{ readonly sequences: readonly number[]; readonly cursor: string; readonly localPort: number; close(): void }>(
    (resolve) => {
      const socket = openRawSocket({
        host,
        port: Number(port),
        localAddress,
        onOpen: () => socket.send(JSON.stringify({ type: "connection_init", payload: { sessionToken: token } })),
        onMessage(text) {
          const { type, payload } = JSON.parse(String(text));
          if (type === "connection_ack") socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query, variables } }));
          const done = (cursor: string) => resolve({ sequences, cursor, localPort: socket.localPort, close: socket.cut });
          if (type === "complete") done("");
          const batch: Batch | undefined = payload?.data?.recoveryEvents;
          if (type !== "next" || batch === undefined) return;
          sequences.push(...batch.events.map(({ sequence }) => sequence));
          if (!stop(batch)) return;
          socket.pause();
          done(batch.cursor);
        },
        onClose: () => {},
      });
    },
  );
}

/** A paused socket does not notice its end; the kernel has the server's end of it, whose other end has this address and port. */
function isEstablished(port: number): boolean {
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, "0");
  const address = localAddress.split(".").map((part) => hex(Number(part), 2));
  const other = `${address.reverse().join("")}:${hex(port, 4)}`;
  return readFileSync("/proc/net/tcp", "utf8")
    .split("\n")
    .some((line) => line.slice(20, 33) === other && line.slice(34, 36) === "01");
}

export interface Silence {
  /** From its last read to its end. */
  readonly seconds: number;
  /** Events that it has seen before and after it came back, of all. */
  readonly seen: number;
  readonly inOrder: boolean;
}

/** Resolves with what waits for its end, and then reads the rest. */
export async function fallSilent(options: SilentOptions): Promise<() => Promise<Silence>> {
  const before = await reads(options, ({ events }) => events.length > 0);
  const stoppedAt = performance.now();
  return async () => {
    while (isEstablished(before.localPort)) await delay(100);
    const seconds = (performance.now() - stoppedAt) / 1_000;
    before.close();
    const after = await reads({ ...options, variables: { ...options.variables, after: before.cursor } }, () => false);
    after.close();
    const all = [...before.sequences, ...after.sequences];
    return { seconds, seen: all.length, inOrder: all.every((sequence, at) => sequence === at + 1) };
  };
}
