import { setImmediate } from "node:timers/promises";
import v8 from "node:v8";
import vm from "node:vm";

/** Bytes in use after a collection, with those of buffers; twice, since what a first one finds may let go of more. */
export async function memoryUsed(): Promise<number> {
  v8.setFlagsFromString("--expose-gc");
  for (let round = 0; round < 3; round++) {
    vm.runInNewContext("gc")();
    await setImmediate();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
