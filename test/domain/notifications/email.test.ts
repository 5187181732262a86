import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { emailOf } from "../../../src/domain/notifications/email-text.ts";
import { freshDatabase, type TestDatabase } from "../../support/database.ts";
import { aMailServer, type MailServer } from "./servers.ts";
import { aNode, aPrompt, aReader, aRunThatEnded, deliveries, forget, type Node } from "./stage.ts";

let db: TestDatabase;
let server: MailServer;
let node: Node | null = null;
const pool = () => db.database.pool;

beforeAll(async () => {
  [db, server] = await Promise.all([freshDatabase(), aMailServer()]);
});
beforeEach(() => {
  server.mails.length = 0;
  server.refusing = null;
  server.silent = false;
});
afterEach(async () => {
  await node?.close();
  node = null;
  await db.shiftClock(0);
  await forget(pool());
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await db.drop();
});

const logged = (expected: readonly object[]) =>
  expect.poll(() => deliveries(pool()), { interval: 5, timeout: 5_000 }).toEqual(expected.map((one) => expect.objectContaining(one)));
const start = (url = server.url, answerMs?: number) => {
  node = aNode(pool(), url, answerMs);
};
const headerOf = (raw: string, name: string) =>
  new RegExp(`^${name}: (.*(?:\r\n[ \t].*)*)`, "im").exec(raw)?.[1]?.replace(/\r\n[ \t]/g, " ");

it("a user is told by e-mail what it asked for, as text and as HTML, with what to do and a link", async () => {
  await aReader(pool(), "olga", "olga@example.com", ["PROMPT_WAITING"]);
  await aReader(pool(), "otto", "otto@example.com", ["SITE_LOST"]);
  await aReader(pool(), "gone", "gone@example.com", ["PROMPT_WAITING"]);
  await pool().query("UPDATE user_account SET disabled_at = dr_now() WHERE name = 'gone'");
  await aPrompt(pool(), "Shop", "Is <b>the</b> switch on?");
  start();
  await logged([{ target: "olga", kind: "PROMPT_WAITING", state: "DELIVERED", attempts: 1, status: 250, error: null }]);
  const [mail] = server.mails;
  expect(mail).toMatchObject({ from: "dr@example.com", to: ["olga@example.com"] });
  const raw = mail?.raw ?? "";
  expect(headerOf(raw, "subject")).toBe("[DR] Shop waits for an answer: Check the switch");
  expect(headerOf(raw, "auto-submitted")).toBe("auto-generated");
  expect(headerOf(raw, "message-id")).toMatch(/^<[0-9a-f-]{36}@dr-gateway>$/);
  const plain = raw.replace(/=\r\n/g, "").replace(/=([0-9A-F]{2})/g, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  expect(plain).toContain("The cleanup of Shop asks: Is <b>the</b> switch on?");
  expect(plain).toContain("<p>The cleanup of Shop asks: Is &lt;b&gt;the&lt;/b&gt; switch on?</p>");
  expect(plain).toContain("What to do: Answer it by answerPrompt.");
  expect(plain).toContain("https://dr.example.com/graphql?query=");
});

it("what comes from a name ends neither a header nor a tag", () => {
  const subject = { type: "Recovery", id: "0", name: "x" } as const;
  const title = 'Plan "A"\r\nBcc: everybody@example.com\u2028<script>';
  const email = emailOf(
    { occurredAt: new Date(0), content: { title, message: "m\nn", remedy: "r", subject, plan: null, details: {} } },
    null,
  );
  expect(email.subject).toBe('[DR] Plan "A" Bcc: everybody@example.com <script>');
  expect(email.html).not.toContain("<script>");
  expect(email.html).toContain("<p>m<br>n</p>");
  const long = emailOf(
    { occurredAt: new Date(0), content: { title: "é".repeat(400), message: "", remedy: "", subject, plan: null, details: {} } },
    null,
  );
  expect([...long.subject]).toHaveLength(155);
});

it("a mail server that can't just now is asked again; one that refuses for good is not", async () => {
  await aReader(pool(), "olga", "olga@example.com", ["RUN_FAILED"]);
  await aRunThatEnded(pool(), "Payroll");
  server.refusing = { code: 451, text: "try again" };
  start();
  await logged([{ state: "PENDING", attempts: 1, status: 451, error: "The mail server answered: 451 try again" }]);
  server.refusing = null;
  await db.shiftClock(6);
  node?.wake();
  await logged([{ state: "DELIVERED", attempts: 2, status: 250 }]);
  server.refusing = { code: 550, text: "no such mailbox" };
  await aRunThatEnded(pool(), "Payroll");
  node?.wake();
  await logged([
    { state: "DELIVERED" },
    { state: "FAILED", attempts: 1, status: 550, error: "The mail server answered: 550 no such mailbox" },
  ]);
});

it("one that says nothing, or is not there, is asked again too", async () => {
  await aReader(pool(), "olga", "olga@example.com", ["RUN_FAILED"]);
  await aRunThatEnded(pool(), "Payroll");
  server.silent = true;
  start(server.url, 80);
  await logged([{ state: "PENDING", attempts: 1, status: null, error: "The connection timed out." }]);
  await node?.close();
  const gone = await aMailServer();
  await gone[Symbol.asyncDispose]();
  await db.shiftClock(6);
  start(gone.url);
  await logged([{ state: "PENDING", attempts: 2, status: null, error: "The connection was refused." }]);
});

it("without encryption nothing is sent, unless SMTP_URL says so", async () => {
  await aReader(pool(), "olga", "olga@example.com", ["RUN_FAILED"]);
  await aRunThatEnded(pool(), "Payroll");
  start(server.url.replace("?requireTLS=false", ""));
  await logged([{ state: "PENDING", attempts: 1, error: expect.stringMatching(/./) }]);
  expect(server.mails).toEqual([]);
});

it("an address that was taken away cancels what was to go there; without a mail server nothing is written", async () => {
  await aReader(pool(), "olga", "olga@example.com", ["RUN_FAILED"]);
  await aRunThatEnded(pool(), "Payroll");
  node = aNode(pool());
  await expect.poll(async () => (await pool().query("SELECT FROM notification")).rowCount, { interval: 5, timeout: 5_000 }).toBe(1);
  expect(await deliveries(pool())).toEqual([]);
});
