/** A call that ends with a signal, or when its time is over, whichever is first; nothing of that is left once it has been answered. */
export async function withDeadline<T>(signal: AbortSignal, milliseconds: number, call: (deadline: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const deadline = new AbortController();
  const abort = () => deadline.abort(signal.reason);
  const timer = setTimeout(() => deadline.abort(new DOMException("the call took too long", "TimeoutError")), milliseconds);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await call(deadline.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}
