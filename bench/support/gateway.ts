/** The product as a process of its own, started as `npm start` starts it: with sessions, roles, limits and logs. */
import { join } from "node:path";
import { type Api, signIn } from "../../demo/api.ts";
import { startArguments } from "../../demo/start-arguments.ts";
import { productFolder, temporaryFolder } from "./folders.ts";
import { type ServingProcess, startServing } from "./process.ts";

const password = "the bench signs in";

/** As high as they go: load must not meet them, and they are counted all the same. */
const raisedLimits = {
  REQUESTS_PER_MINUTE: "10000",
  MAX_QUERY_COST: "10000000",
  MAX_STREAMS_PER_SESSION: "10000",
  MAX_VMS_PER_GROUP: "10000",
  MAX_GROUPS_PER_PLAN: "1000",
  MAX_PLANS_PER_SITE: "100000",
};

export interface Gateway extends ServingProcess {
  /** What it logs, one JSON object a line. */
  readonly logFile: string;
  /** An administrator with all roles, through the public API. */
  signIn(): Promise<Api>;
}

export interface GatewayOptions {
  readonly databaseUrl: string;
  /** Settings beyond the usual ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node, such as --cpu-prof. */
  readonly nodeOptions?: readonly string[];
}

export async function startGateway({ databaseUrl, env = {}, nodeOptions = [] }: GatewayOptions): Promise<Gateway> {
  await using starting = new AsyncDisposableStack();
  const folder = starting.use(temporaryFolder());
  const logFile = join(folder.path, "gateway.log");
  const process = starting.use(
    await startServing({
      args: [...nodeOptions, ...startArguments],
      cwd: productFolder,
      env: {
        DATABASE_URL: databaseUrl,
        DATA_DIR: folder.path,
        SEED_FILE: "none",
        LOG_LEVEL: "info",
        ADMIN_USER: "admin",
        ADMIN_PASSWORD: password,
        LAB_GUEST_SERVICES: "off",
        ...raisedLimits,
        ...env,
      },
      logFile,
      readyPath: "/health/ready",
    }),
  );
  const open = starting.move();
  return {
    url: process.url,
    pid: process.pid,
    readyAfterSeconds: process.readyAfterSeconds,
    logFile,
    signIn: () => signIn(process.url, "admin", password),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
