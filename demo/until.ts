/** Waiting for something to become so: looked at once, and at each event that may have changed it. */
import { type Delivery, follow } from "../client/follow.ts";
import type { Api } from "./api.ts";

const subscription = `subscription Changes($after: String, $kinds: [ChangeEventKind!]) {
  events(after: $after, filter: { kinds: $kinds }) { cursor events { kind } } }`;

/** What `look` finds first; it answers null while there is nothing. Gives up after two minutes. */
export async function until<T>(api: Api, kinds: readonly string[], look: () => Promise<T | null>): Promise<T> {
  const over = new AbortController();
  let found: { readonly it: T } | null = null;
  let looking = Promise.resolve();
  const onBatch = () => {
    looking = looking
      .then(async () => {
        const it = found === null ? await look() : null;
        if (it !== null) found = { it };
        if (found !== null) over.abort();
      })
      .catch((error: unknown) => over.abort(error));
  };
  const { url, token } = api;
  await follow<Delivery>({
    url: `${url.replace(/^http/, "ws")}/graphql`,
    query: subscription,
    variables: { kinds },
    token,
    onBatch,
    signal: AbortSignal.any([over.signal, AbortSignal.timeout(120_000)]),
  });
  await looking;
  return taken(found, over.signal);
}

function taken<T>(found: { readonly it: T } | null, { reason }: AbortSignal): T {
  if (found !== null) return found.it;
  throw reason instanceof Error ? reason : new Error("It has not come about within two minutes.");
}
