/** The picture of a run: pure, and as the gateway serves it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GanttRun, GanttStep } from "../../../src/domain/gantt-bars.ts";
import { encodeId } from "../../../src/domain/ids.ts";
import { ganttSvg } from "../../../src/domain/recoveries/gantt/svg.ts";
import { compile } from "../../../src/engine/compile.ts";
import { aPlan } from "../../engine/support/plans.ts";
import { aUser, type RealGateway, realGateway } from "../../support/real-gateway.ts";
import { aStage, aStep, operator, type Stage } from "./stage.ts";

/** Every leaf takes ten seconds, one after the other. */
function aRun(machines: number, change: Partial<GanttRun> = {}): GanttRun {
  const names = Array.from({ length: machines }, (_, at) => `m${at}`);
  const { nodes } = compile(
    aPlan()
      .group(...names)
      .build(),
  );
  let seconds = 0;
  const steps = nodes.map((node): GanttStep => {
    if (node.spec !== undefined && Object.keys(node.spec).length === 0)
      return { ...node, status: "SUCCEEDED", startedAt: null, endedAt: null };
    const startedAt = seconds * 1_000;
    seconds += 10;
    return { ...node, status: "SUCCEEDED", startedAt, endedAt: seconds * 1_000 };
  });
  return { planName: "Web", kind: "TEST", requestedAt: 0, endedAt: seconds * 1_000, now: seconds * 1_000, steps, ...change };
}

const count = (svg: string, what: RegExp) => svg.match(what)?.length ?? 0;
const withStep = (run: GanttRun, at: number, change: object): GanttRun => ({
  ...run,
  steps: run.steps.map((step, index) => (index === at ? Object.assign({}, step, change) : step)),
});

describe("the picture of a run", () => {
  it("has a line for each step, and a bar for each that was under way", () => {
    const run = aRun(2);
    const svg = ganttSvg(run);
    expect(count(svg, /<g>/g)).toBe(run.steps.length);
    expect(count(svg, /<rect class="SUCCEEDED"/g)).toBe(run.steps.length);
  });

  it("is the same for the same run", () => expect(ganttSvg(aRun(3))).toBe(ganttSvg(aRun(3))));

  it("marks the chain of steps that the end waited for, and no other", () => {
    const run = aRun(1);
    const last = run.steps.length - 1;
    const side = withStep(run, last, { startedAt: 0, endedAt: 1_000 });
    expect(count(ganttSvg(run), /class="path"/g)).toBe(run.steps.length);
    expect(count(ganttSvg(side), /class="path"/g)).toBeLessThan(run.steps.length);
  });

  it("tells statuses by a sign and a word, not by colour alone", () => {
    const last = aRun(1).steps.length - 1;
    const words = {
      FAILED: "✗ failed",
      CANCELLED: "⊘ cancelled",
      WARNING: "! warning",
      SKIPPED: "– skipped",
      ALREADY_DONE: "= already done",
    };
    for (const [status, word] of Object.entries(words)) expect(ganttSvg(withStep(aRun(1), last, { status }))).toContain(word);
  });

  it("has colours for light and for dark", () => expect(ganttSvg(aRun(1))).toContain("@media (prefers-color-scheme: dark)"));

  it("shows names as text, whatever is in them", () => {
    const name = `<script>alert("1")</script> & \u0000\u{1f4a5}`;
    const svg = ganttSvg({ ...withStep(aRun(1), 0, { name }), planName: name });
    expect(svg).not.toContain("<script");
    expect(svg).not.toContain("\u0000");
    expect(svg).toContain("&#60;script&#62;");
  });

  it("is never wider, however long the names and the run", () => {
    const long = withStep(aRun(1), 0, { name: "x".repeat(5_000), startedAt: 0, endedAt: 9e9 });
    const svg = ganttSvg({ ...long, endedAt: null, now: 9e9 });
    expect(svg).toContain('viewBox="0 0 1200 ');
    for (const [, x, width] of svg.matchAll(/<rect class="[A-Z_]+" x="(\d+)" y="\d+" width="(\d+)"/g))
      expect(Number(x) + Number(width)).toBeLessThan(1_200);
    expect(count(svg, /<path class="grid"/g)).toBeLessThan(12);
  });

  it("folds 500 VMs into their priority groups, and says how many they are", () => {
    const svg = ganttSvg(aRun(500));
    expect(count(svg, /<g>/g)).toBeLessThan(150);
    expect(svg).toContain("(500 VMs)");
  });

  it("of a run that is under way ends its bars now", () => {
    const run = aRun(1);
    const last = run.steps.length - 1;
    const svg = ganttSvg({ ...withStep(run, last, { status: "RUNNING", endedAt: null, startedAt: 0 }), endedAt: null, now: 3_600_000 });
    expect(svg).toContain("under way for 1 h 0 min");
  });
});

describe("the gateway", () => {
  let stage: Stage;
  let gateway: RealGateway;
  let token: string;
  let id: string;
  beforeAll(async () => {
    stage = await aStage();
    gateway = await realGateway(stage.db.database);
    await aUser(stage.db.database, "vera", ["VIEWER"]);
    await aUser(stage.db.database, "nemo", []);
    token = await gateway.signIn("vera");
    const { recoveryId } = await stage.recoveries.start(operator, { planId: stage.planId, recoveryType: "TEST" });
    await aStep(stage, recoveryId, { ordinal: 1, kind: "PROMPT", status: "SUCCEEDED" });
    id = encodeId("Recovery", recoveryId);
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await stage.close();
  });

  const read = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    fetch(`${gateway.gateway.url}${path}`, { headers, method });

  it("serves the picture where the run says", async () => {
    const query = "query ($id: ID!) { recovery(id: $id) { ganttUrl } }";
    const { data } = await gateway.ask(query, { id }, { "session-token": token });
    const answer = await read(String(Object(data?.recovery).ganttUrl), { "session-token": token });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("image/svg+xml; charset=utf-8");
    expect(await answer.text()).toMatch(/^<svg.*PROMPT.*<\/svg>$/s);
  });

  it.each<[string, number, string, () => Promise<Response>]>([
    ["without a session", 401, "UNAUTHORIZED", () => read(`/recoveries/${id}/gantt.svg`)],
    [
      "of somebody without a role",
      403,
      "FORBIDDEN",
      async () => read(`/recoveries/${id}/gantt.svg`, { "session-token": await gateway.signIn("nemo") }),
    ],
    [
      "for a run that is none",
      404,
      "NOT_FOUND",
      () => read(`/recoveries/${encodeId("Recovery", stage.planId)}/gantt.svg`, { "session-token": token }),
    ],
    ["for what is no id", 404, "NOT_FOUND", () => read("/recoveries/x/gantt.svg", { "session-token": token })],
  ])("a request %s gets %i in GraphQL's shape", async (_title, status, code, ask) => {
    const answer = await ask();
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code, requestId: answer.headers.get("x-request-id") } }] });
  });

  it("lets pages of other origins send the token, and takes GET only", async () => {
    const before = await read(`/recoveries/${id}/gantt.svg`, { origin: "https://console.example" }, "OPTIONS");
    expect(before.headers.get("access-control-allow-headers")).toContain("session-token");
    expect((await read(`/recoveries/${id}/gantt.svg`, {}, "POST")).status).toBe(405);
  });
});
