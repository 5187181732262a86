/**
 * What is made of thousands of machines fills the heap with hundreds of megabytes that nobody needs once it is over, and V8 collects them when as much has
 * come again: of what requests leave, in minutes. So they are collected soon after the last such work of a thread, in one stop of some 50 ms.
 */

/** A smaller work leaves little. */
const manyMachines = 2_500;

/** One comes seldom alone: a preview, and then the start. */
const quietMs = 200;

/** Of this thread, as its heap is. */
let underWay = 0;
let timer: NodeJS.Timeout | undefined;

/** Absent without --expose-gc. */
const collectGarbage = () => void globalThis.gc?.();

/** Does the work, and has the heap collected soon after it where it is that of so many machines. */
export async function leanly<T>(snapshot: object, work: () => Promise<T>, collect: () => void = collectGarbage): Promise<T> {
  if (!("vms" in snapshot && Array.isArray(snapshot.vms) && snapshot.vms.length >= manyMachines)) return work();
  underWay++;
  clearTimeout(timer);
  try {
    return await work();
  } finally {
    if (--underWay === 0) timer = setTimeout(collect, quietMs).unref();
  }
}
