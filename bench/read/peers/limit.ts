/** The limit: node:http, and one prepared statement whose text is the answer. No GraphQL, no sessions, no limits. */
import { createServer, type IncomingMessage } from "node:http";
import { statements } from "./limit-statements.ts";
import { placeOf } from "./place.ts";
import { listenOn, openPool, rowsOf } from "./serve.ts";

const pool = openPool();

type Variables = Readonly<Record<string, string | number | null>>;

/** By the operation's name: the statement, and its values. */
const operations: Readonly<
  Record<string, { readonly statement: keyof typeof statements; readonly values: (variables: Variables) => unknown[] }>
> = {
  Plan: { statement: "plan", values: ({ id }) => [id] },
  PlanWithIds: { statement: "planWithIds", values: ({ id }) => [id] },
  FivePlans: { statement: "fivePlans", values: (variables) => [Object.keys(variables), Object.values(variables)] },
  Vms: {
    statement: "vms",
    values: ({ first, after }) => {
      const place = typeof after === "string" ? placeOf(after) : null;
      return [first, place?.name ?? null, place?.id ?? null];
    },
  },
  Steps: { statement: "steps", values: ({ id, first }) => [id, first] },
};

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

createServer(async (request, response) => {
  if (request.method !== "POST") return response.writeHead(404).end();
  const { operationName, variables } = JSON.parse(await bodyOf(request));
  const operation = operations[operationName];
  if (operation === undefined) return response.writeHead(404).end();
  const { statement, values } = operation;
  const [row] = await rowsOf<{ answer: string }>(pool, { name: statement, text: statements[statement] }, values(variables));
  const answer = row?.answer ?? "";
  response.writeHead(200, { "content-type": "application/json; charset=utf-8", "content-length": Buffer.byteLength(answer) }).end(answer);
}).listen(listenOn.port, listenOn.host);
