/** Work that is dear is done a few at a time: the others wait in line, and past its end they are told to come again. */
import { ServiceUnavailableError } from "../errors.ts";

export interface Turns {
  /** Ends with its disposal. Rejects with ServiceUnavailableError where the line is full. */
  take(): Promise<Disposable>;
}

export function createTurns({ atOnce, mostWaiting }: { readonly atOnce: number; readonly mostWaiting: number }): Turns {
  let taken = 0;
  const line: (() => void)[] = [];
  const give = () => {
    const next = line.shift();
    if (next === undefined) taken--;
    else next(); // takes over this turn
  };
  return {
    async take() {
      if (taken < atOnce) taken++;
      else if (line.length >= mostWaiting) throw new ServiceUnavailableError("Others are having the same done just now.", 5);
      else await new Promise<void>((go) => line.push(go));
      return { [Symbol.dispose]: give };
    },
  };
}
