/**
 * What a run of thousands of machines leaves behind at each step is garbage by the time it is collected, and V8 lets it build up to four times
 * what lives. While such a run is driven, or previewed, the heap grows to twice of that. Of requests little lives, and they pay for collecting more often: so
 * not else.
 */
import { setFlagsFromString } from "node:v8";

/** A smaller run leaves little. */
const manyMachines = 2_500;

let driven = 0;

const growTo = (percent: number) => setFlagsFromString(`--heap-growing-percent=${percent}`);

/** Does the work, leanly where it is that of so many machines. `set` is V8's (0: as it sees fit). */
export async function leanly<T>(snapshot: object, work: () => Promise<T>, set: (percent: number) => void = growTo): Promise<T> {
  if (!("vms" in snapshot && Array.isArray(snapshot.vms) && snapshot.vms.length >= manyMachines)) return work();
  if (driven++ === 0) set(100);
  try {
    return await work();
  } finally {
    if (--driven === 0) set(0);
  }
}
