/**
 * A gateway tells webhooks and a mailbox of runs that fail, and is killed with -9 and started again while it does. At the end each was told of
 * each run, and could tell the second copies by their id. `NOTIFY_SEED` plays the same chances again, `NOTIFY_SECONDS` says for how long it is killed.
 */
import { randomInt } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { aPrompt, aRunThatEnded } from "../domain/notifications/stage.ts";
import { dataFolder, type GatewayProcess, startProcess } from "../e2e/gateway-process.ts";
import { chance } from "../support/chance.ts";
import { freshDatabase } from "../support/database.ts";
import { until } from "../support/run.ts";
import { type Copies, tell } from "./receivers.ts";

const seed = Number(process.env.NOTIFY_SEED ?? randomInt(1_000_000));
const seconds = Number(process.env.NOTIFY_SECONDS ?? 20);
/** More than the lease of an attempt that was under way, and the longest pause that comes of a few failures. */
const pastLease = 61;

const rowsText = `SELECT count(*)::int4 AS rows, count(DISTINCT (notification_id, channel, target_id))::int4 AS different,
    count(*) FILTER (WHERE state = 'DELIVERED')::int4 AS delivered, count(*) FILTER (WHERE state = 'DELIVERED' AND ended_at IS NULL)::int4 AS half,
    sum(attempts)::int4 AS attempts, (SELECT count(*)::int4 FROM notification) AS notifications FROM notification_delivery`;
/** How many are to be sent, and in how many seconds all of them are due, where none is due or under way now. */
const nextText = `SELECT count(*)::int4 AS pending, coalesce(CASE WHEN bool_and(claim IS NULL AND next_attempt_at > dr_now())
    THEN ceil(extract(epoch FROM max(next_attempt_at) - dr_now()))::int4 END, 0) AS next FROM notification_delivery WHERE state = 'PENDING'`;

it("every notification arrives, each delivery is written once, and second copies have the same id, wherever the gateway is killed", async () => {
  await using closing = new AsyncDisposableStack();
  const random = chance(seed);
  const db = await freshDatabase();
  closing.defer(() => db.drop());
  const { pool } = db.database;
  const folder = dataFolder();
  closing.defer(() => folder.remove());
  const told = closing.use(await tell(pool, random));
  const settings = { WEBHOOK_ALLOW_HTTP: "on", WEBHOOK_ALLOWED_NETWORKS: "127.0.0.1", SMTP_URL: told.smtpUrl, SMTP_FROM: "dr@example.com" };
  const start = () => startProcess(folder.path, { ...settings, DATABASE_URL: db.url });
  const kill = async ({ child, ended }: GatewayProcess) => {
    child.kill("SIGKILL");
    await ended;
  };
  let gateway = start();
  closing.defer(() => kill(gateway));

  const began = performance.now();
  const isTime = () => performance.now() - began < seconds * 1000;
  let [runs, prompts] = [0, 0];
  const load = (async () => {
    for (; isTime(); runs++) {
      await aRunThatEnded(pool, `Plan ${runs}`);
      if (runs % 8 === 0) await aPrompt(pool, `Plan ${runs}`, `Go on with ${prompts++}?`);
      await delay(40 + random() * 40); // so much happens
    }
  })();

  /** After so many requests, while the last of them is answered, just afterwards, or while the log is read. */
  const aMoment = async () => {
    const wanted = told.requests() + 1 + Math.floor(random() * 60);
    const [kind, ms] = [random(), random() * 20];
    if (kind < 0.2) return delay(ms * 10);
    const reached = Promise.withResolvers<void>();
    told.onRequest = () => void (told.requests() >= wanted && reached.resolve());
    await Promise.race([reached.promise, load]); // without more load there may never be as many
    if (kind < 0.6) await delay(ms);
  };
  let kills = 0;
  for (; isTime(); kills++) {
    await gateway.ready;
    await aMoment();
    await kill(gateway);
    await db.shiftClock((kills + 1) * pastLease); // instead of waiting for the lease
    gateway = start();
  }
  await load;
  told.onRequest = () => {};
  let shifted = kills * pastLease;
  await until(
    async () => {
      const { rows } = await pool.query<{ pending: number; next: number }>(nextText);
      const { pending, next } = rows[0] ?? { pending: 1, next: 0 };
      shifted += next;
      if (next > 0) await db.shiftClock(shifted); // instead of waiting for the next attempt
      return pending === 0 && (await pool.query(rowsText)).rows[0].notifications === runs + prompts;
    },
    "the last delivery",
    60,
  );

  const copies = [...told.copies.values()].flatMap((byRun) => [...byRun.values()]);
  const sum = (of: (copy: Copies) => number) => copies.reduce((all, copy) => all + of(copy), 0);
  const { rows } = await pool.query(rowsText);
  const secondCopies = sum(({ taken }) => taken - 1);
  console.log(
    `seed ${seed}: ${kills} kills, ${runs + prompts} notifications to ${told.copies.size} receivers, ${told.requests()} requests for ${rows[0].attempts} attempts,` +
      ` ${secondCopies} second copies, ${Math.round((performance.now() - began) / 1000)} s`,
  );
  const all = runs + prompts;
  const deliveries = 3 * all + prompts;
  expect(rows).toMatchObject([{ notifications: all, rows: deliveries, different: deliveries, delivered: deliveries, half: 0 }]);
  expect([...told.copies.values()].map(({ size }) => size)).toEqual([all, all, all, prompts]);
  expect(copies.filter(({ ids, bodies, taken }) => ids.size !== 1 || bodies.size !== 1 || taken < 1)).toEqual([]);
  expect(told.requests()).toBeLessThanOrEqual(rows[0].attempts);
  expect([told.mostAtOnce, told.forged]).toEqual([1, 0]);
  expect(kills).toBeGreaterThan(0);
}, 600_000);
