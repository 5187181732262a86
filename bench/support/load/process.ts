/** The load generator, in a process of its own: so many connections, each with one request under way. Started by `startLoad`. */
import { Connection } from "./connection.ts";
import type { FromLoad, LoadResult, LoadShape, LoadTarget, ToLoad } from "./messages.ts";

interface Prepared {
  readonly host: string;
  readonly port: number;
  /** Heads but for the length and the end. */
  readonly heads: readonly string[];
  /** Lengths, the ends of heads, and bodies. */
  readonly rests: readonly string[];
}

const targets = new Map<number, Prepared>();

function prepare({ url, headers, bodies }: LoadTarget): Prepared {
  const { hostname: host, port, pathname, host: name } = new URL(url);
  const fixed = { host: name, "content-type": "application/json", accept: "application/json" };
  const heads = headers.map((own) => {
    const lines = Object.entries({ ...fixed, ...own }).map(([key, value]) => `${key}: ${value}\r\n`);
    return `POST ${pathname} HTTP/1.1\r\n${lines.join("")}`;
  });
  const rests = bodies.map((body) => `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  return { host, port: Number(port), heads, rests };
}

/** The same numbers for the same seed (xorshift). */
function chance(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

async function run({ host, port, heads, rests }: Prepared, { connections, seconds, warmSeconds, seed }: LoadShape): Promise<LoadResult> {
  const times: number[] = [];
  let failures = 0;
  let failure: string | null = null;
  let next = seed;
  const random = chance(seed);
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(host, port)));
  const begin = performance.now() + warmSeconds * 1000;
  const end = begin + seconds * 1000;
  setTimeout(() => tell({ kind: "begun" }), warmSeconds * 1000);

  const ask = async (connection: Connection) => {
    for (let sent = performance.now(); sent < end; ) {
      const head = heads[next++ % heads.length] ?? "";
      const { isGood, beginning } = await connection.ask(head + (rests[random(rests.length)] ?? ""));
      const now = performance.now();
      if (!isGood) {
        failures++;
        failure ??= beginning;
      }
      if (now >= begin && now < end) times.push(now - sent);
      sent = now;
    }
    connection.close();
  };
  await Promise.all(open.map(ask));
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return { requests: times.length, seconds, p50Ms: at(0.5), p99Ms: at(0.99), failures, failure };
}

const tell = (message: FromLoad) => process.send?.(message);

process.on("message", (message: ToLoad) => {
  if (message.kind === "target") {
    targets.set(message.id, prepare(message.target));
    return;
  }
  const target = targets.get(message.id);
  if (target === undefined) throw new Error(`There is no target ${message.id}.`);
  run(target, message.shape).then(
    (result) => tell({ kind: "result", result }),
    (error: unknown) => tell({ kind: "failed", why: String(error) }),
  );
});
process.on("disconnect", () => process.exit());
