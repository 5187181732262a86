/** The same as `follow` over Server-Sent Events, for where WebSockets do not get through: one POST whose answer does not end. */
import {
  type Answer,
  credentials,
  type Delivery,
  defaultSilenceMs,
  FollowError,
  type Followed,
  type FollowOptions,
  refusal,
  resuming,
} from "./resume.ts";

/** Resolves at the stream's end or when `signal` is aborted, rejects with a FollowError. */
export function followSse<Batch extends Delivery>(options: FollowOptions<Batch>): Promise<Followed> {
  const { silenceMs = defaultSilenceMs } = options;
  return resuming<Batch>(options, async (variables, heard, signal) => {
    const ending = new AbortController();
    let silence: ReturnType<typeof setTimeout> | undefined;
    const alive = () => {
      clearTimeout(silence);
      silence = setTimeout(() => ending.abort(new Error("The gateway fell silent")), silenceMs);
    };
    alive();
    try {
      const response = await fetch(options.url, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "text/event-stream", ...(await credentials(options)) },
        body: JSON.stringify({ query: options.query, variables }),
        signal: AbortSignal.any([signal, ending.signal]),
      });
      await read(await streamOf(response), heard, alive, signal);
    } finally {
      clearTimeout(silence);
      ending.abort();
    }
  });
}

async function streamOf(response: Response): Promise<ReadableStream<Uint8Array>> {
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  if (isStream && response.body !== null) return response.body;
  const { errors } = parsed(await response.text());
  if (errors !== undefined && errors.length > 0) throw refusal(errors);
  const message = `The gateway answered with status ${response.status}`;
  if (response.status === 401) throw new FollowError(message, "UNAUTHORIZED");
  if (response.status >= 500 || response.status === 408 || response.status === 429) throw new Error(message);
  throw new FollowError(message, null);
}

function parsed(text: string): Answer<unknown> {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // a proxy's page
  }
}

/** Resolves at the event `complete`; a stream that ends without one was cut. */
async function read<Batch>(
  body: ReadableStream<Uint8Array>,
  heard: (answer: Answer<Batch>) => void,
  alive: () => void,
  signal: AbortSignal,
): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let [rest, event] = ["", ""];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error("The connection was closed");
    alive();
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (signal.aborted) return;
      if (line.startsWith("event:")) event = line.slice("event:".length).trim();
      else if (!line.startsWith("data:"))
        continue; // a comment, or the blank line behind an event
      else if (event === "complete") return;
      else if (event === "next") heard(JSON.parse(line.slice("data:".length)));
    }
  }
}
