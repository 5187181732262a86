/** Subscribers, in one process of their own: a second one would take turns with the server on the cores of a small machine. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { stopOnInterrupt } from "../support/process.ts";

export type ToClients =
  | {
      readonly type: "open";
      readonly host: string;
      readonly port: number;
      readonly query: string;
      readonly variables: object;
      /** One subscriber each. */
      readonly tokens: readonly string[];
      readonly localAddresses: readonly string[];
      /** The server tells something at once. */
      readonly firstDelivery: boolean;
    }
  | { readonly type: "reset" | "report" | "close" };

export interface ClientReport {
  messages: number;
  events: number;
  /** How often an event did not follow the one before it. */
  gaps: number;
  readonly closed: Record<number, number>;
  readonly problems: string[];
  /** How often an event came after so many milliseconds, from the time that it bears to its being read. */
  readonly latencies: readonly number[];
}

export type FromClients =
  | { readonly type: "open" | "reset" }
  | { readonly type: "failed"; readonly message: string }
  | {
      readonly type: "report";
      readonly report: ClientReport;
      /** Since the start, whatever was reset. */
      readonly allEvents: number;
      /** Subscribers with an open socket, and whose stream was completed. */
      readonly live: number;
      readonly ended: number;
      readonly cpuSeconds: number;
    };

type Told<T extends FromClients["type"]> = Extract<FromClients, { type: T }>;

export interface Found extends ClientReport {
  readonly allEvents: number;
  readonly live: number;
  readonly ended: number;
  readonly cpuSeconds: number;
}

export interface Clients extends AsyncDisposable {
  /** What was counted before is forgotten. */
  reset(): Promise<void>;
  report(): Promise<Found>;
}

export interface ClientsOptions {
  readonly url: string;
  readonly query: string;
  readonly variables: object;
  readonly tokens: readonly string[];
  readonly firstDelivery: boolean;
}

/** All of 127.0.0.0/8 is this machine: more addresses than one have more ports, and gateways count sockets by address. */
const localAddresses = Array.from({ length: 8 }, (_, at) => `127.0.0.${2 + at}`);

/** Resolves once all have subscribed. */
export async function openClients({ url, ...asked }: ClientsOptions): Promise<Clients> {
  const { hostname: host, port } = new URL(url);
  await using starting = new AsyncDisposableStack();
  const child = starting.adopt(fork(join(import.meta.dirname, "client-process.ts"), []), close);
  stopOnInterrupt(child);
  await ask(child, "open", { type: "open", host, port: Number(port), localAddresses, ...asked });
  const open = starting.move();
  return {
    reset: async () => void (await ask(child, "reset", { type: "reset" })),
    async report() {
      const { report, type: _, ...rest } = await ask(child, "report", { type: "report" });
      return { ...report, ...rest };
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

function ask<T extends FromClients["type"]>(child: ChildProcess, type: T, message: ToClients): Promise<Told<T>> {
  return new Promise((resolve, reject) => {
    const isTold = (answer: FromClients): answer is Told<T> => answer.type === type;
    const settle = (act: () => void) => {
      child.off("message", hear).off("exit", gone);
      act();
    };
    const hear = (answer: FromClients) => {
      if (answer.type === "failed") settle(() => reject(new Error(answer.message)));
      else if (isTold(answer)) settle(() => resolve(answer));
    };
    const gone = () => settle(() => reject(new Error("The subscribers' process has ended.")));
    child.on("message", hear).on("exit", gone);
    child.send(message);
  });
}

async function close(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  if (child.connected) child.send({ type: "close" } satisfies ToClients);
  const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
  await ended;
  clearTimeout(late);
}

/** In milliseconds. `share` of 0.99: the 99th percentile; 1: the slowest. NaN of nothing. */
export function latencyAt(latencies: readonly number[], share: number): number {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  let passed = 0;
  const found = latencies.findIndex((count) => {
    passed += count;
    return count > 0 && passed >= total * share;
  });
  return found < 0 ? Number.NaN : found;
}
