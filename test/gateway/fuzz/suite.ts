/**
 * Ten thousand operations made from the schema, valid and nearly valid, with inputs that fit, miss, or mean ill, to a real gateway over the
 * demo's data. Whatever comes is answered in time, and with nothing of our inside. Another seed: FUZZ_SEED; more cases: FUZZ_CASES.
 */
import { createHash, randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeId } from "../../../src/domain/ids.ts";
import { defaultQuotas } from "../../../src/domain/quotas.ts";
import { schema } from "../../../src/domain/schema.ts";
import { type Role, roles } from "../../../src/domain/viewer.ts";
import { limits } from "../../../src/gateway/limits.ts";
import { importFile } from "../../../src/import/import-file.ts";
import { type Lab, openLab } from "../../../src/providers/lab/lab.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { type RealGateway, realGateway } from "../../support/real-gateway.ts";
import { aWorld } from "../../support/world.ts";
import { type Chance, chances } from "./chance.ts";
import { type Answer, openSocket, overHttp, overSse, type SocketClient } from "./client.ts";
import { type Harvest, harvest } from "./harvest.ts";
import { type Kind, type Operation, operationOf, spoilt } from "./operation.ts";

/** In two files, for two processes. A sample of the 10,000 that `npm run test:fuzz` plays. */
const cases = Number(process.env.FUZZ_CASES ?? 1_000) / 2;
/** So many select every root field. */
const enough = 5_000;
const firstSeed = Number(process.env.FUZZ_SEED ?? 20_260_801);
/** Ids are read anew, and what mutations have taken away is made good, after so many. */
const round = 2_500;
const clients = 12;

let db: TestDatabase;
let lab: Lab;
let server: RealGateway;
const unexpected: unknown[] = [];
type Who = "everyRole" | "viewer" | "nobody" | "badToken";

interface Case extends Operation {
  readonly at: number;
  readonly who: Who;
  readonly how: "http" | "sse" | "socket";
}

function caseOf(at: number, chance: Chance, { ids, cursors }: Harvest): Case {
  const kind: Kind = chance.pick(["query", "query", "query", "query", "mutation", "mutation", "mutation", "subscription"]);
  const hostility = chance.pick([0, 0, 0, 0.1, 0.5]);
  const operation = operationOf(schema, kind, chance, { ids, cursors, hostility });
  const who: Who = chance.often(0.85) ? "everyRole" : chance.pick(["viewer", "nobody", "badToken"]);
  const fits = Buffer.byteLength(JSON.stringify(operation)) < limits.messageBytes; // a larger message ends the socket, as another test shows
  const how = who === "everyRole" && fits && chance.often(0.6) ? "socket" : kind === "subscription" ? "sse" : "http";
  return { ...operation, at, who, how, query: chance.often(0.08) ? spoilt(operation.query, chance) : operation.query };
}

/** A session without the work of a password. Whoever a mutation has taken it from, or removed, is as before. */
async function tokenOf(name: string, held: readonly Role[]): Promise<string> {
  const { prisma } = db.database;
  const token = randomUUID();
  const as = { name, roles: [...held], passwordHash: "none", disabledAt: null };
  const known = await prisma.user.findFirst({ where: { name } });
  const user = known ? await prisma.user.update({ where: { id: known.id }, data: as }) : await prisma.user.create({ data: as });
  const expiresAt = new Date(Date.now() + 3_600_000);
  await prisma.session.create({ data: { tokenHash: createHash("sha256").update(token).digest(), userId: user.id, expiresAt } });
  return token;
}

/** The users that this test asks as, whom nothing shall happen to while they wait. */
async function idsOfOurs(): Promise<string[]> {
  const users = await db.database.prisma.user.findMany({ where: { name: { startsWith: "fuzz" } } });
  return users.map(({ id }) => encodeId("User", id));
}

interface Client {
  play(one: Case): Promise<Answer>;
  close(): void;
}

/** With sessions of its own: some operations end them. */
async function client(name: string): Promise<Client> {
  const open = async () => ({ everyRole: await tokenOf(name, roles), viewer: await tokenOf(`${name} viewer`, ["VIEWER"]) });
  let tokens = await open();
  let socket: SocketClient = await openSocket(server.url, tokens.everyRole);
  const headersOf = ({ at, who }: Case): Record<string, string> => {
    const token = who === "nobody" ? {} : { "session-token": who === "badToken" ? "nonsense" : tokens[who] };
    return { "x-request-id": `case-${at}`, ...token };
  };
  const send = async (one: Case) => {
    const { query, variables, how } = one;
    if (how === "http") return overHttp(server.url, headersOf(one), { query, variables });
    if (how === "sse") return overSse(server.url, headersOf(one), { query, variables });
    if (!socket.isOpen) socket = await openSocket(server.url, tokens.everyRole);
    return socket.send({ query, variables });
  };
  return {
    async play(one) {
      const answer = await send(one);
      const lost = answer.text.includes('"UNAUTHORIZED"') || /"closed":44/.test(answer.text);
      if (!lost || one.who === "nobody" || one.who === "badToken") return answer;
      socket.close();
      tokens = await open();
      socket = await openSocket(server.url, tokens.everyRole);
      return send(one);
    },
    close: () => socket.close(),
  };
}

/** What must not stand in an answer: PostgreSQL's, Prisma's and Node's own words. */
const inside =
  /violates|_(unique|check|fkey|pkey)\b|duplicate key|invalid input syntax|invalid byte sequence|out of range for type|(relation|column) \\?"\w+\\?" |prisma|\bP\d{4}\b|node_modules|file:\/\/|\bat \w+ \(|ECONN|TypeError|RangeError|is not a function|undefined \(reading/;

/** Without cursors and ids, which may hold any word. */
const opaque = /"[\w-]{30,}"/g;

/** Top-level errors that nobody may bring about. Signing in has a throttle of its own. */
const faults = (errors: readonly { readonly message: string; readonly extensions: { readonly code: string } }[]) =>
  errors.find(
    ({ message, extensions: { code } }) => code === "INTERNAL_ERROR" || (code === "SERVICE_UNAVAILABLE" && !/sign in/.test(message)),
  );

function complaintAbout({ status, text }: Answer): string | null {
  if (status >= 500) return `status ${status}`;
  if (text.includes('"closed"')) return "the socket was closed";
  const words = inside.exec(text.replaceAll(opaque, ""));
  if (words) return `our inside: ${words[0]}`;
  try {
    const { errors = [] } = JSON.parse(text);
    return faults(errors)?.extensions.code ?? null;
  } catch {
    return "no JSON";
  }
}

const short = (value: unknown, length: number) => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > length ? `${text.slice(0, length)}… (${text.length})` : text;
};

function report(seed: number, { at, who, how, query, variables }: Case, complaint: string, answer: string): string {
  const requestId = /"requestId":"([^"]+)"/.exec(answer)?.[1] ?? `case-${at}`;
  const logged = unexpected.find((line) => JSON.stringify(line).includes(`"${requestId}"`));
  return [
    `${complaint}: case ${at} of seed ${seed}, ${who} over ${how}`,
    query,
    short(variables, 3_000),
    `answer: ${short(answer, 1_000)}`,
    `logged: ${short(logged ?? null, 3_000)}`,
  ].join("\n");
}

/** One of the two halves; each has a seed of its own. */
export function fuzz(half: 0 | 1): void {
  const seed = firstSeed + half;
  beforeAll(async () => {
    db = await freshDatabase();
    lab = await openLab({ url: db.url, speed: "instant", guestServices: false, poolSize: 3 });
    await importFile({ database: db.database, lab, quotas: defaultQuotas, path: "demo/demo.yaml" });
    const log = pino({ level: "error" }, { write: (line: string) => void unexpected.push(JSON.parse(line)) });
    server = await realGateway(db.database, {
      log,
      requestsPerMinute: 1_000_000,
      maxQueryCost: 250_000,
      providers: new Map([["lab", lab.provider]]),
    });
  }, 60_000);
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await lab.close();
    await db.drop();
  }, 60_000);

  it(`${cases} operations from the schema are answered in time, and with nothing of our inside`, async () => {
    const problems: string[] = [];
    const selected = new Set<string>();
    let valid = 0;
    const playAll = async (queue: Case[], { play }: Client) => {
      for (let one = queue.shift(); one; one = queue.shift()) {
        const current = one;
        const answer = await play(current).catch((error: unknown): Answer => ({ status: 599, text: String(error) }));
        const complaint = complaintAbout(answer);
        if (complaint) problems.push(report(seed, current, complaint, answer.text));
        if (!answer.text.includes('"data":')) continue; // it was not executed
        valid++;
        for (const name of current.selects) selected.add(name);
      }
    };
    const all = await Promise.all(Array.from({ length: clients }, (_, at) => client(`fuzz ${at}`)));
    const drawn = chances(seed, cases);
    for (let from = 0; from < cases; from += round) {
      await aWorld(db.database, 1, `round ${from}`);
      const token = await tokenOf("fuzz", roles);
      const found = await harvest(schema, (query, variables) => server.ask(query, variables, { "session-token": token }));
      for (const id of await idsOfOurs())
        for (const known of found.ids.values()) if (known.includes(id)) known.splice(known.indexOf(id), 1);
      const queue = drawn.slice(from, from + round).map((chance, at) => caseOf(from + at, chance, found));
      await Promise.all(all.map((one) => playAll(queue, one)));
    }
    for (const one of all) one.close();
    expect(problems.slice(0, 8).join("\n\n")).toBe("");
    expect(unexpected).toEqual([]);
    await expect.poll(() => server.gateway.counts()).toEqual({ sockets: 0, streams: 0, sources: 0 });
    expect(valid / cases).toBeGreaterThan(0.6);
    if (cases >= enough) expect(unasked(selected)).toEqual([]);
  }, 600_000);
}

/** Root fields that no valid operation has selected. */
const unasked = (selected: ReadonlySet<string>): string[] =>
  [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
    .flatMap((type) => Object.keys(type?.getFields() ?? {}).map((field) => `${type?.name}.${field}`))
    .filter((name) => !selected.has(name));
