/** The load generator: one process for everybody who is measured, so that what it costs itself is the same for all. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { FromLoad, LoadResult, LoadShape, LoadTarget, ToLoad } from "./load/messages.ts";
import { stopOnInterrupt } from "./process.ts";

export type { LoadResult, LoadShape, LoadTarget } from "./load/messages.ts";

export interface Load extends AsyncDisposable {
  /** `begun` is called when what is counted begins. */
  run(target: LoadTarget, shape: LoadShape, begun?: () => void): Promise<LoadResult>;
}

export function startLoad(): Load {
  const child = fork(join(import.meta.dirname, "load/process.ts"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  stopOnInterrupt(child);
  const ended = once(child, "exit");
  const known = new Map<LoadTarget, number>();
  const send = (message: ToLoad) => child.send(message);
  const idOf = (target: LoadTarget) => {
    const id = known.get(target) ?? known.size + 1;
    if (!known.has(target)) send({ kind: "target", id, target });
    known.set(target, id);
    return id;
  };
  return {
    run: (target, shape, begun) =>
      new Promise((resolve, reject) => {
        const hear = (message: FromLoad) => {
          if (message.kind === "begun") return begun?.();
          child.off("message", hear);
          if (message.kind === "result") resolve(message.result);
          else reject(new Error(`The load generator failed: ${message.why}`));
        };
        child.on("message", hear);
        void ended.then(() => reject(new Error("The load generator ended.")));
        send({ kind: "run", id: idOf(target), shape });
      }),
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}
