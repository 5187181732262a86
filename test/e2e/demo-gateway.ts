/** The gateway as its own process, with the demo's sites and plan in a database of its own. */
import { freshDatabase } from "../support/database.ts";
import { dataFolder, startProcess } from "./gateway-process.ts";

export interface DemoGateway extends AsyncDisposable {
  /** Without the path. */
  readonly url: string;
  readonly databaseUrl: string;
  readonly user: string;
  readonly password: string;
}

export async function demoGateway(env: Record<string, string> = {}): Promise<DemoGateway> {
  await using closing = new AsyncDisposableStack();
  const [user, password] = ["admin", "for the examples"];
  const db = await freshDatabase();
  closing.defer(() => db.drop());
  const folder = dataFolder();
  closing.defer(() => folder.remove());
  const start = { DATABASE_URL: db.url, SEED_FILE: "demo/demo.yaml", LAB_SPEED: "500", ADMIN_USER: user, ADMIN_PASSWORD: password };
  const gateway = startProcess(folder.path, { ...start, ...env });
  closing.defer(async () => {
    gateway.child.kill("SIGTERM");
    await gateway.ended;
  });
  const url = await gateway.ready;
  const rest = closing.move();
  return { url, databaseUrl: db.url, user, password, [Symbol.asyncDispose]: () => rest.disposeAsync() };
}
