/** Milliseconds of a clock that never jumps and is the same in every thread of this process (performance.now() is not). */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
