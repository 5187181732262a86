/** Each kind from what causes it to a webhook and a mailbox: runs, a drill, heartbeats, the measured lag and an evaluation, on two lab sites. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openLoaders } from "../../../src/domain/loaders.ts";
import { openNotifier } from "../../../src/domain/notifications/open-notifier.ts";
import { evaluateTouched } from "../../../src/domain/readiness/service.ts";
import { createPreviews } from "../../../src/domain/recoveries/service-preview.ts";
import { createHeartbeats } from "../../../src/engine/heartbeat/heartbeats.ts";
import { defaultHeartbeat } from "../../../src/engine/heartbeat/settings.ts";
import { measureLag } from "../../../src/engine/lag/measure.ts";
import { changesPayload } from "../../../src/events/changes.ts";
import { startWakeUps } from "../../../src/events/wake-ups.ts";
import { aPublicStage, type PublicStage } from "../../support/public-stage.ts";
import { until } from "../../support/run.ts";
import { serviceContext } from "../../support/services.ts";
import { drillWorld } from "../drills/world.ts";
import { list, text } from "../read/support.ts";
import { aMailServer, aReceiver, type MailServer, type Receiver } from "./servers.ts";
import { documentedCheck, settings as withoutMail } from "./stage.ts";

const kinds = ["PROMPT_WAITING", "RUN_FAILED", "RPO_CRITICAL", "SITE_LOST", "DRILL_RESULT", "READINESS_LOST"];
const silent = { info: () => {}, warn: () => {} };

const closing = new AsyncDisposableStack();
let stage: PublicStage;
let receiver: Receiver;
let mailServer: MailServer;
let secret: string;
let plans: ReadonlyMap<string, string>;
let announce: () => void;
let seconds = 0;
beforeAll(async () => {
  [receiver, mailServer] = [closing.use(await aReceiver()), closing.use(await aMailServer())];
  const settings = { ...withoutMail, smtp: { url: mailServer.url, from: "DR gateway <dr@example.com>" } };
  stage = closing.use(await aPublicStage(drillWorld, {}, { notifications: settings }));
  const { pool, connectDirect } = stage.db.database;
  const wakeUps = await startWakeUps({ connectDirect, pool, log: silent });
  closing.defer(() => wakeUps.close());
  announce = () => wakeUps.hint("dr_events", changesPayload);
  const notifier = await openNotifier(settings, { pool, wakeUps, log: silent });
  closing.defer(() => notifier.close());
  secret = text(await stage.mutate("createWebhook", { name: "Pager", url: receiver.url, kinds }, "secret"), "secret");
  await stage.mutate("updateMyNotifications", { email: "ada@example.com", emailKinds: kinds }, "notifications { email }");
  const found = list(await stage.ask("{ recoveryPlans { nodes { id name } } }"), "recoveryPlans.nodes");
  plans = new Map(found.map((plan) => [text(plan, "name"), text(plan, "id")]));
});
afterAll(() => closing.disposeAsync());

const clockAt = async (at: number) => {
  seconds = at;
  await stage.db.shiftClock(at);
};

type Body = ReturnType<typeof JSON.parse>;

/** It came to both, once, with a signature that holds. */
async function told(kind: string, of: (body: Body) => boolean = () => true): Promise<Body> {
  const bodies = () => receiver.received.map(({ body }) => JSON.parse(body)).filter((body) => body.kind === kind && of(body));
  const mails = (title: string) => mailServer.mails.filter(({ raw }) => raw.includes(`Subject: [DR] ${title.slice(0, 40)}`));
  await until(async () => bodies().length > 0, kind);
  const [body] = bodies();
  await until(async () => mails(body.title).length > 0, `the e-mail of ${kind}`);
  expect([bodies().length, mails(body.title).map(({ to }) => to)]).toEqual([1, [["ada@example.com"]]]);
  const isGenuine = await documentedCheck();
  for (const { headers, body: sent } of receiver.received) {
    expect(isGenuine(headers, sent, secret)).toBe(true);
    expect(isGenuine(headers, `${sent} `, secret)).toBe(false);
  }
  return body;
}

it("an e-mail that tries whether it gets out does so at once, and is refused where that is no address", async () => {
  const press = (email: string) => stage.mutate("testEmail", { email }, "delivered status error");
  expect(await press("olga@example.com")).toEqual({ delivered: true, status: 250, error: null });
  expect(mailServer.mails.map(({ to, raw }) => [to, /^Subject: (.*)$/m.exec(raw)?.[1]])).toEqual([
    [["olga@example.com"], "[DR] A test of e-mail"],
  ]);
  expect(await press("olga@example.com, all@example.com")).toMatchObject({ code: "INVALID_REQUEST" });
  mailServer.refusing = { code: 552, text: "too much" };
  expect(await press("olga@example.com")).toEqual({ delivered: false, status: 552, error: "The mail server answered: 552 too much" });
  mailServer.refusing = null;
  mailServer.mails.length = 0;
});

describe("a webhook and a mailbox are told", () => {
  it("how a drill of the schedule ended, and not of its prompts, which its policy answers", async () => {
    const due = new Date(Date.now() + 90_000);
    const cron = `${due.getUTCMinutes()} ${due.getUTCHours()} * * *`;
    const made = await stage.mutate(
      "createDrill",
      { planId: plans.get("Shop"), name: "Nightly", cron, timeZone: "UTC" },
      "drill { nextRun { dueAt } }",
    );
    await clockAt((Date.parse(text(made, "drill.nextRun.dueAt")) - Date.now()) / 1000 + 1);
    await stage.drillRound();
    const isSo = async (condition: string) => (await stage.db.database.pool.query(`SELECT WHERE EXISTS (${condition})`)).rowCount === 1;
    const looked = "SELECT FROM event e JOIN notification_cursor c ON c.position >= e.position WHERE e.kind = 'PROMPT_OPENED'";
    await until(() => isSo(looked), "the look at its prompt");
    await until(async () => {
      await stage.drillRound();
      return isSo("SELECT FROM drill_occurrence WHERE outcome = 'SUCCEEDED' AND settled_at IS NOT NULL");
    }, "the drill's end");
    expect(receiver.received.filter(({ body }) => JSON.parse(body).kind === "PROMPT_WAITING")).toEqual([]);
    expect(await told("DRILL_RESULT")).toMatchObject({
      title: "The drill Nightly succeeded",
      subject: { type: "Recovery", name: "Shop" },
      plan: { type: "RecoveryPlan", id: plans.get("Shop") },
      details: { outcome: "SUCCEEDED", resultState: "SUCCESS" },
    });
  });

  it("that a run waits for an answer, and that it failed", async () => {
    await stage.lab.faults.fail({ site: "B", kind: "powerOn", failure: "PERMANENT", times: Infinity });
    const started = await stage.mutate("startRecovery", { planId: plans.get("Shop"), recoveryType: "TEST" }, "recovery { id }");
    const waiting = await told("PROMPT_WAITING");
    expect(waiting).toMatchObject({
      title: "Shop waits for an answer: Ask",
      message: "The test of Shop asks: Go on?",
      subject: { type: "Prompt" },
    });
    await stage.mutate("answerPrompt", { promptId: text(waiting, "subject.id"), answer: "CONTINUE" }, "prompt { answer }");
    await stage.end(text(started, "recovery.id"));
    expect(await told("RUN_FAILED")).toMatchObject({
      title: "The test of Shop failed",
      subject: { type: "Recovery", id: text(started, "recovery.id"), name: "Shop" },
      details: { runKind: "TEST", resultState: "FAILED", vmsSucceeded: 0, vmsFailed: 1 },
    });
  });

  it("that a site is lost, that a plan is no longer ready for it, and that an RPO is critical", async () => {
    const { pool } = stage.db.database;
    const providers = new Map([["lab", stage.lab.provider]]);
    const readiness = {
      database: stage.db.database,
      previews: createPreviews(serviceContext(stage.db.database, { providers })),
      loaders: openLoaders(stage.db.database, { slotsPerSite: 20 }),
      testDays: 90,
      announce,
      log: silent,
    };
    const heartbeats = createHeartbeats({ pool, providers, settings: defaultHeartbeat, announce, log: silent });
    const site = text(await stage.ask('{ sites(filter: { name: "B" }) { nodes { id } } }'), "sites.nodes.0.id");
    const later = async (by: number) => {
      await clockAt(seconds + by);
      await heartbeats.beat();
    };
    await later(0);
    await measureLag(pool);
    await evaluateTouched(readiness);
    const office = "query ($id: ID!) { recoveryPlan(id: $id) { readiness } }";
    expect(text(await stage.ask(office, { id: plans.get("Office") }), "recoveryPlan.readiness")).not.toBe("NOT_READY");

    await stage.lab.faults.partition("B");
    for (const by of [5, 11, 15]) await later(by);
    expect(await told("SITE_LOST")).toMatchObject({ title: "The site B is lost", subject: { type: "Site", id: site, name: "B" } });
    await clockAt(seconds + 10);
    await evaluateTouched(readiness);
    expect(await told("READINESS_LOST", ({ plan }) => plan.name === "Office")).toMatchObject({
      title: "Office is no longer ready",
    });
    await clockAt(seconds + 15 * 60);
    await measureLag(pool);
    announce();
    expect(await told("RPO_CRITICAL", ({ details }) => details.groupName === "second")).toMatchObject({
      title: "The RPO of back is critical",
      subject: { type: "VirtualMachine", name: "back" },
      details: { rpoMinutes: 5, vmsCritical: 1, cause: "SITE_DISCONNECTED" },
    });
    await heartbeats.close();
  });
});
