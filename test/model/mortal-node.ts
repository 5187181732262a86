/**
 * A node that can die like a process: from one moment to the next nothing of it reaches the database or a site any more, and what it
 * owns stays its own until the lease is over. What was under way already may still arrive, as over a real network.
 */
import type pg from "pg";
import type { Database } from "../../src/database/database.ts";
import type { EngineSettings } from "../../src/engine/settings.ts";
import type { EffectCall, EffectKind, EffectRequest, Operation, Provider } from "../../src/providers/contract.ts";
import { aNode } from "../support/node.ts";

/** Where the next node dies that orders such an effect: before the site hears of it, or when the site has done it. */
export interface Trap {
  readonly kind: EffectKind;
  readonly when: "BEFORE" | "AFTER";
}

/** One trap for all nodes: whoever steps on it takes it. */
export interface Traps {
  take(kind: EffectKind): Trap | null;
}

export interface MortalNode {
  readonly nodeId: string;
  readonly alive: boolean;
  hint(runId: string): void;
  /** At once; `buried` when its threads and connections are gone too. */
  die(): void;
  readonly buried: Promise<void>;
  /** An orderly end. */
  close(): Promise<void>;
}

export async function aMortalNode(
  database: Database,
  provider: Provider,
  settings: Partial<EngineSettings>,
  traps: Traps,
): Promise<MortalNode> {
  const life = { over: false };
  const burial = Promise.withResolvers<void>();
  const die = () => {
    if (life.over) return;
    life.over = true;
    node.close().then(burial.resolve, burial.reject);
  };
  const own: Database = { ...database, pool: severable(database.pool, life) };
  const node = await aNode(own, mortal(provider, life, traps, die), settings);
  return {
    nodeId: node.engine.nodeId,
    get alive() {
      return !life.over;
    },
    hint: (runId) => {
      if (!life.over) node.hint(runId);
    },
    die,
    buried: burial.promise,
    close: () => (life.over ? burial.promise : node.close()),
  };
}

interface Life {
  over: boolean;
}

/** What a client of PostgreSQL says when its connection is gone. */
const gone = () => Object.assign(new Error("Connection terminated: the node is dead"), { code: "08006" });

function severable(pool: pg.Pool, life: Life): pg.Pool {
  return new Proxy(pool, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== "function") return value;
      return (...given: unknown[]): unknown => (life.over ? Promise.reject(gone()) : Reflect.apply(value, target, given));
    },
  });
}

/** Ends with the signal alone. */
const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });

function mortal(inner: Provider, life: Life, traps: Traps, die: () => void): Provider {
  const asked = <T>(signal: AbortSignal, question: () => Promise<T>): Promise<T> => (life.over ? never(signal) : question());
  return {
    name: inner.name,
    version: inner.version,
    capabilities: (site, signal) => asked(signal, () => inner.capabilities(site, signal)),
    heartbeat: (site, peer, signal) => asked(signal, () => inner.heartbeat(site, peer, signal)),
    inventory: (site, signal) => asked(signal, () => inner.inventory(site, signal)),
    observe: (site, keys, call) => asked(call.signal, () => inner.observe(site, keys, call)),
    cancel: (site, key, call) => asked(call.signal, () => inner.cancel(site, key, call)),
    vmStatus: (site, vms, signal) => asked(signal, () => inner.vmStatus(site, vms, signal)),
    artefacts: (site, run, signal) => asked(signal, () => inner.artefacts(site, run, signal)),
    recoveryPoints: (site, group, signal) => asked(signal, () => inner.recoveryPoints(site, group, signal)),
    async order<K extends EffectKind>(site: string, kind: K, request: EffectRequest<K>, call: EffectCall): Promise<Operation<K>> {
      if (life.over) return never(call.signal);
      const trap = traps.take(kind);
      if (trap?.when === "BEFORE") {
        die();
        return never(call.signal);
      }
      const answer = await inner.order(site, kind, request, call);
      if (trap === null) return answer;
      die();
      return never(call.signal);
    },
  };
}
