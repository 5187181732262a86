/** Who serves the streams: the product, and the peer beside it; both are asked the same. */

import { join } from "node:path";
import { encodeId } from "../../src/domain/ids.ts";
import { benchFolder, temporaryFolder } from "../support/folders.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { freePort, startServing } from "../support/process.ts";

export interface StreamServer extends AsyncDisposable {
  readonly name: ServerName;
  readonly url: string;
  readonly pid: number;
  /** Of its inspector, which tells what is alive on its heap. */
  readonly inspector: number;
  /** It tells what was before, and is done when the run is. */
  readonly hasHistory: boolean;
  readonly variables: (recoveryId: string) => object;
}

export const serverNames = ["dr-gateway", "mercurius"] as const;
export type ServerName = (typeof serverNames)[number];

export interface Product extends StreamServer {
  signIn: Gateway["signIn"];
}

/** Its lab works without latencies that anybody would notice. */
export async function startProduct(databaseUrl: string, nodeOptions: readonly string[] = []): Promise<Product> {
  const inspector = await freePort();
  const options = { databaseUrl, env: { LAB_SPEED: "100000" }, nodeOptions: [`--inspect=127.0.0.1:${inspector}`, ...nodeOptions] };
  const gateway = await startGateway(options);
  return {
    name: "dr-gateway",
    url: gateway.url,
    pid: gateway.pid,
    inspector,
    hasHistory: true,
    variables: (recoveryId) => ({ recoveryId: encodeId("Recovery", recoveryId) }),
    signIn: gateway.signIn,
    [Symbol.asyncDispose]: gateway[Symbol.asyncDispose],
  };
}

export async function startMercurius(databaseUrl: string): Promise<StreamServer> {
  const inspector = await freePort();
  await using starting = new AsyncDisposableStack();
  const folder = starting.use(temporaryFolder());
  const process = starting.use(
    await startServing({
      args: [`--inspect=127.0.0.1:${inspector}`, "stream/peers/mercurius.ts"],
      cwd: benchFolder,
      env: { DATABASE_URL: databaseUrl, NODE_ENV: "production" },
      logFile: join(folder.path, "output.log"),
      readyPath: "/ready",
    }),
  );
  const open = starting.move();
  return {
    name: "mercurius",
    url: process.url,
    pid: process.pid,
    inspector,
    hasHistory: false,
    variables: (recoveryId) => ({ recoveryId }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
