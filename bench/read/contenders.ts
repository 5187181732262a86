/** Who is measured: the product, and its peers, each as a process on the same database. */
import { join } from "node:path";
import { encodeId } from "../../src/domain/ids.ts";
import { benchFolder } from "../support/folders.ts";
import { type Gateway, startGateway } from "../support/gateway.ts";
import { type ServingProcess, startServing } from "../support/process.ts";
import { forPostgraphile } from "./documents.ts";

export const peerNames = ["limit", "mercurius", "postgraphile", "apollo", "yoga"] as const;
export type PeerName = (typeof peerNames)[number];
export type ContenderName = "dr-gateway" | PeerName;

export interface Contender {
  readonly name: ContenderName;
  readonly pid: number;
  /** Where operations go. */
  readonly url: string;
  /** One for each session: they take turns. */
  readonly headers: readonly Readonly<Record<string, string>>[];
  /** A database id as it names the thing. */
  idOf(type: string, id: string): string;
  documentOf(document: string): string;
}

const plain = { headers: [{}], idOf: (_type: string, id: string) => id, documentOf: (document: string) => document };

/** A session may make 10,000 requests in a minute, the most that can be set; load that comes from one machine needs so many of them. */
const sessions = 50;

export async function openProduct(
  databaseUrl: string,
  nodeOptions: readonly string[] = [],
): Promise<Contender & { readonly gateway: Gateway } & AsyncDisposable> {
  const gateway = await startGateway({ databaseUrl, nodeOptions });
  const tokens: string[] = [];
  for (let nth = 0; nth < sessions; nth++) tokens.push((await gateway.signIn()).token);
  return {
    ...plain,
    name: "dr-gateway",
    pid: gateway.pid,
    url: `${gateway.url}/graphql`,
    headers: tokens.map((token) => ({ "session-token": token })),
    idOf: encodeId,
    gateway,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

export async function openPeer(name: PeerName, databaseUrl: string, logFolder: string): Promise<Contender & AsyncDisposable> {
  const serving: ServingProcess = await startServing({
    args: [join(benchFolder, "read/peers", `${name}.ts`)],
    cwd: benchFolder,
    env: { DATABASE_URL: databaseUrl, NODE_ENV: "production", GRAPHILE_ENV: "production" },
    logFile: join(logFolder, `${name}.log`),
    readyPath: "/",
  });
  return {
    ...plain,
    name,
    pid: serving.pid,
    url: `${serving.url}${name === "apollo" || name === "limit" ? "/" : "/graphql"}`,
    ...(name === "postgraphile" ? { documentOf: forPostgraphile } : {}),
    [Symbol.asyncDispose]: () => serving[Symbol.asyncDispose](),
  };
}
