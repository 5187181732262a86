/** Deliveries that many sockets get alike go to each as they are; what is left for the protocol's server is the others, and the end. */
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { pull, pulled, type Taker } from "../events/pull.ts";
import { type EndOfMessage, startOfMessage, writeMessage } from "./frames.ts";
import type { Delivery } from "./shared-answers.ts";

/** Calls `sent` when the kernel has it: a client that does not read holds back its own source. */
export type Tell = (end: EndOfMessage, sent: (error?: Error | null) => void) => void;

/** To the subscription with this id. */
export function tellOver({ socket, connection }: { readonly socket: WebSocket; readonly connection: Duplex }, id: string): Tell {
  const start = startOfMessage(`{"id":${JSON.stringify(id)},"type":"next","payload":`);
  return (end, sent) => {
    if (socket.readyState === WebSocket.OPEN) writeMessage(connection, start, end, sent);
    else sent(); // its sources are being let go of
  };
}

export function tellingShared(deliveries: AsyncIterator<Delivery>, tell: Tell): AsyncIterableIterator<Delivery> {
  const finished = { done: true, value: undefined } as const;
  let server: Taker<Delivery> | null = null;
  /** The protocol's server asks again once it was answered. */
  const answered = () => {
    const asked = server;
    server = null;
    return asked;
  };
  const ask = () => pull(deliveries, taker);
  const taker: Taker<Delivery> = {
    take: (delivery) => (delivery.end === undefined ? answered()?.take(delivery) : tell(delivery.end(), sent)),
    end: () => answered()?.end(),
    fail: (error) => answered()?.fail(error),
  };
  const sent = (error?: Error | null) => {
    if (!error) return ask();
    const fail = () => taker.fail(error);
    rest.return?.().then(fail, fail); // who reads this is not told to
  };
  const rest: AsyncIterableIterator<Delivery> = {
    [Symbol.asyncIterator]: () => rest,
    next: () =>
      pulled({
        pull: (asked) => {
          server = asked;
          ask();
        },
      }),
    return: async () => (await deliveries.return?.()) ?? finished,
    throw: async (error) => (await deliveries.throw?.(error)) ?? finished,
  };
  return rest;
}
