/** Answers that are made as they are read, such as archives. */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** So long a download may take: it holds what others wait for. */
const mostMs = 600_000;

/** Once its first piece is there: what is refused before that rejects here. Whoever has it ends it, by reading it to the end or by `return`. */
export async function begun<T>(pieces: AsyncIterable<T>): Promise<AsyncIterable<T>> {
  const iterator = pieces[Symbol.asyncIterator]();
  let first: IteratorResult<T> | null = await iterator.next();
  const rest: AsyncIterator<T> = {
    next: async () => {
      const piece = first ?? (await iterator.next());
      first = null;
      return piece;
    },
    // By hand: of a generator that has not been read yet, `return` would end nothing.
    return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
  };
  return { [Symbol.asyncIterator]: () => rest };
}

/** As fast as they are read. Rejects when they fail, or the reader is gone: the answer is cut then, so that nobody takes it for whole. */
export const sendPieces = (pieces: AsyncIterable<Uint8Array>, response: ServerResponse): Promise<void> =>
  pipeline(Readable.from(pieces, { objectMode: false }), response, { signal: AbortSignal.timeout(mostMs) });
