/** Webhooks that a gateway tells of failed runs and of prompts, and a mailbox that it tells of prompts, while it is killed: they answer slowly, sometimes with an error, and remember what came. */
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { aMailServer, aReceiver } from "../domain/notifications/servers.ts";
import { aReader, aWebhook, documentedCheck } from "../domain/notifications/stage.ts";

/** One receiver's copy of one notification. */
export interface Copies {
  /** Ids that it came with: a webhook's event id, an e-mail's Message-ID. */
  readonly ids: Set<string>;
  /** Bodies that it came with. */
  readonly bodies: Set<string>;
  requests: number;
  /** Those of them that were taken. */
  taken: number;
}

export interface Told extends AsyncDisposable {
  readonly smtpUrl: string;
  /** By receiver and then by the notification. */
  readonly copies: ReadonlyMap<string, ReadonlyMap<string, Copies>>;
  /** Most requests that a webhook had open at once. */
  readonly mostAtOnce: number;
  readonly forged: number;
  /** Calls this with each request, before it is answered. */
  onRequest: () => void;
  requests(): number;
}

const webhooks = ["Pager", "Wiki", "Chat"] as const;
const mailbox = "olga";

export async function tell(pool: pg.Pool, random: () => number): Promise<Told> {
  await using closing = new AsyncDisposableStack();
  const copies = new Map([...webhooks, mailbox].map((name) => [name, new Map<string, Copies>()]));
  const isGenuine = await documentedCheck();
  let [requests, mostAtOnce, forged] = [0, 0, 0];

  const note = (receiver: string, what: string, id: string, body: string, taken: boolean) => {
    const its = copies.get(receiver);
    const there = its?.get(what) ?? { ids: new Set(), bodies: new Set(), requests: 0, taken: 0 };
    there.ids.add(id);
    there.bodies.add(body);
    there.requests++;
    if (taken) there.taken++;
    its?.set(what, there);
    requests++;
    told.onRequest();
  };

  for (const name of webhooks) {
    const receiver = closing.use(await aReceiver());
    let open = 0;
    receiver.answer = async (response, { headers, body }) => {
      mostAtOnce = Math.max(mostAtOnce, ++open);
      response.on("close", () => open--);
      if (!isGenuine(headers, body, `secret of ${name}`)) forged++;
      const [taken, ms] = [random() > 0.1, random() * 15];
      note(name, JSON.parse(body).subject.id, String(headers["dr-gateway-event-id"]), body, taken);
      await delay(ms); // a receiver takes its time
      response.writeHead(taken ? 204 : 500).end();
    };
    await aWebhook(pool, name, receiver.url, ["RUN_FAILED", "PROMPT_WAITING"]);
  }
  const mails = closing.use(await aMailServer());
  await aReader(pool, mailbox, "olga@example.com", ["PROMPT_WAITING"]);
  const headerOf = (raw: string, name: string) => new RegExp(`^${name}: (.*)$`, "im").exec(raw)?.[1]?.trim() ?? "";
  mails.onMail = ({ raw }) => note(mailbox, headerOf(raw, "x-dr-gateway-event-id"), headerOf(raw, "message-id"), "", true);

  const rest = closing.move();
  const told: Told = {
    smtpUrl: mails.url,
    copies,
    onRequest: () => {},
    requests: () => requests,
    get mostAtOnce() {
      return mostAtOnce;
    },
    get forged() {
      return forged;
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
  return told;
}
