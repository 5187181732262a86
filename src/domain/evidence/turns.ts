/** Work that is dear is done a few at a time: the others wait in line, and past its end they are told to come again. */
import { ServiceUnavailableError } from "../errors.ts";

export interface Turns {
  /**
   * Ends with its disposal. Rejects with ServiceUnavailableError where the line is full, and with the signal's reason once nobody waits for
   * the work any more: that leaves the line.
   */
  take(signal: AbortSignal): Promise<Disposable>;
}

export function createTurns({ atOnce, mostWaiting }: { readonly atOnce: number; readonly mostWaiting: number }): Turns {
  let taken = 0;
  const line: (() => void)[] = [];
  const give = () => {
    const next = line.shift();
    if (next === undefined) taken--;
    else next(); // takes over this turn
  };
  const wait = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const go = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        line.splice(line.indexOf(go), 1);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      line.push(go);
    });
  return {
    async take(signal) {
      signal.throwIfAborted();
      if (taken < atOnce) taken++;
      else if (line.length >= mostWaiting) throw new ServiceUnavailableError("Others are having the same done just now.", 5);
      else await wait(signal);
      return { [Symbol.dispose]: give };
    },
  };
}
