/**
 * What is made of thousands of machines fills the heap with hundreds of megabytes that nobody needs once it is over. V8 lets a heap grow up to four times
 * what lives, which is good for requests, and collects what a large work has left when requests have made as much again: in minutes. So while there is
 * such a work, heaps grow by half of what lives; and what it has left is collected soon after the last one of its thread, in one stop of some 50 ms.
 */
import { setFlagsFromString } from "node:v8";
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";

/** A smaller work leaves little. */
const manyMachines = 2_500;
const growByPercent = 50;

/** One comes seldom alone: a preview, and then the start. */
const quietMs = 200;

/** How many there are in all threads of this process: V8's flags are those of all. */
const inAllThreads = new Int32Array(sharedCounter("dr-gateway: works of many machines"));

/** Of this thread, as its heap is. */
let inThread = 0;
let timer: NodeJS.Timeout | undefined;

/** What V8 is told. */
export interface Heap {
  /** By so much of what lives; 0: as V8 sees fit. */
  growBy(percent: number): void;
  collect(): void;
}

const heapOfV8: Heap = {
  growBy: (percent) => setFlagsFromString(`--heap-growing-percent=${percent}`),
  collect: () => void globalThis.gc?.(), // absent without --expose-gc
};

function sharedCounter(name: string): SharedArrayBuffer {
  const known = getEnvironmentData(name);
  if (known instanceof SharedArrayBuffer) return known;
  const counter = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  setEnvironmentData(name, counter);
  return counter;
}

/** Does the work, leanly where it is that of so many machines. */
export async function leanly<T>(snapshot: object, work: () => Promise<T>, heap: Heap = heapOfV8): Promise<T> {
  if (!("vms" in snapshot && Array.isArray(snapshot.vms) && snapshot.vms.length >= manyMachines)) return work();
  inThread++;
  clearTimeout(timer);
  if (Atomics.add(inAllThreads, 0, 1) === 0) heap.growBy(growByPercent);
  try {
    return await work();
  } finally {
    if (Atomics.sub(inAllThreads, 0, 1) === 1) heap.growBy(0);
    if (--inThread === 0) timer = setTimeout(() => heap.collect(), quietMs).unref();
  }
}
