/** What is alive on the heap of a Node process that was started with --inspect. */

/** In MiB, with what buffers hold, after a collection. */
export async function aliveMib(inspectorPort: number): Promise<number> {
  const targets = await (await fetch(`http://127.0.0.1:${inspectorPort}/json`)).text();
  const [target]: { webSocketDebuggerUrl: string }[] = JSON.parse(targets);
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? "");
  await new Promise((open, failed) => {
    socket.onopen = open;
    socket.onerror = failed;
  });
  let count = 0;
  const ask = (method: string, params = {}) =>
    new Promise<Readonly<Record<string, unknown>>>((answer) => {
      const id = ++count;
      const hear = ({ data }: { readonly data: unknown }) => {
        const message = JSON.parse(String(data));
        if (message.id !== id) return;
        socket.removeEventListener("message", hear);
        answer(message.result);
      };
      socket.addEventListener("message", hear);
      socket.send(JSON.stringify({ id, method, params }));
    });
  await ask("HeapProfiler.collectGarbage");
  await ask("HeapProfiler.collectGarbage");
  const { result } = await ask("Runtime.evaluate", {
    expression: "(({ heapUsed, external }) => heapUsed + external)(process.memoryUsage())",
    returnByValue: true,
  });
  socket.close();
  return Number(Object(result).value) / 2 ** 20;
}
