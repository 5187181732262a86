import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeId } from "../../src/domain/ids.ts";
import { limits } from "../../src/gateway/limits.ts";
import { eventStream } from "../gateway/support.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { aUser, type RealGateway, realGateway } from "../support/real-gateway.ts";
import { aGroup, aPair, aPlan, aRun, type PairRows } from "../support/rows.ts";

let db: TestDatabase;
let server: RealGateway;
let token: string;
let pair: PairRows;
let groupId: string;
let [busy, idle] = ["", ""];
beforeAll(async () => {
  db = await freshDatabase();
  server = await realGateway(db.database, { requestsPerMinute: 100, maxQueryCost: 12_345, streamsPerSession: 7 });
  await aUser(db.database, "vera", ["VIEWER"]);
  token = await server.signIn("vera");
  pair = await aPair(db.database);
  ({ groupId } = await aGroup(db.database, pair, "web", 3));
  busy = await aPlan(db.database, pair, "busy", [{ groupIds: [groupId] }]);
  idle = await aPlan(db.database, pair, "idle", []);
  await aRun(db.database, pair, busy, []);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await db.drop();
});

const ask = async (query: string, variables = {}) => {
  const { data, headers, errors } = await server.ask(query, variables, { "session-token": token });
  return { errors, headers, limits: Object(data).limits };
};
const use = async (args: string) => {
  const { limits: found } = await ask(`{ limits(${args}) { name current } }`);
  const named = found.map(({ name, current }: { name: string; current: number | null }) => [name, current]);
  return Object.fromEntries(named.filter(([, current]: [string, number | null]) => current !== null));
};

describe("the limits", () => {
  it("begin with the reference's table, and say which of them can be set", async () => {
    const { limits: found } = await ask("{ limits { name value unit configurable setting error } }");
    expect(found.slice(0, 6)).toEqual([
      { name: "CONCURRENT_RECOVERIES_PER_PLAN", value: 1, unit: "runs", configurable: false, setting: null, error: "CONFLICT" },
      { name: "CONCURRENT_TESTS_PER_SITE_PAIR", value: 1, unit: "tests", configurable: false, setting: null, error: "CONFLICT" },
      {
        name: "REQUESTS_PER_MINUTE",
        value: 100,
        unit: "requests",
        configurable: true,
        setting: "REQUESTS_PER_MINUTE",
        error: "SERVICE_UNAVAILABLE",
      },
      { name: "VMS_PER_PROTECTION_GROUP", value: 500, unit: "VMs", configurable: true, setting: "MAX_VMS_PER_GROUP", error: "CONFLICT" },
      {
        name: "PROTECTION_GROUPS_PER_PLAN",
        value: 50,
        unit: "protection groups",
        configurable: true,
        setting: "MAX_GROUPS_PER_PLAN",
        error: "CONFLICT",
      },
      { name: "PLANS_PER_SITE", value: 250, unit: "recovery plans", configurable: true, setting: "MAX_PLANS_PER_SITE", error: "CONFLICT" },
    ]);
  });

  it("have the gateway's own among them, as it enforces them", async () => {
    const { limits: found } = await ask(
      "{ limits(only: [OPERATION_COST, OPERATION_DEPTH, MUTATION_ROOT_FIELDS, BODY_BYTES, OPERATION_DEPTH]) { name value } }",
    );
    expect(found).toEqual([
      { name: "OPERATION_COST", value: 12_345 },
      { name: "OPERATION_DEPTH", value: limits.depth },
      { name: "MUTATION_ROOT_FIELDS", value: limits.mutationFields },
      { name: "BODY_BYTES", value: limits.bodyBytes },
    ]);
  });

  it("tell how many requests the session has made", async () => {
    const { limits: found, headers } = await ask("{ limits(only: [REQUESTS_PER_MINUTE]) { current } }");
    expect(found).toEqual([{ current: 100 - Number(headers.get("ratelimit-remaining")) }]);
  });

  it("tell how many event streams the session has open", async () => {
    const stream = await eventStream(server.url, "subscription { events { cursor } }", { "session-token": token });
    await stream.next();
    const { limits: found } = await ask("{ limits(only: [STREAMS_PER_SESSION]) { value current setting error } }");
    expect(found).toEqual([{ value: 7, current: 1, setting: "MAX_STREAMS_PER_SESSION", error: "SERVICE_UNAVAILABLE" }]);
    stream.abort();
  });

  it("tell the use by a plan, by a group and by a site", async () => {
    const { REQUESTS_PER_MINUTE: _requests, STREAMS_PER_SESSION: _streams, ...none } = await use("only: null");
    expect(none).toEqual({});
    expect(await use(`planId: "${encodeId("RecoveryPlan", busy)}"`)).toMatchObject({
      CONCURRENT_RECOVERIES_PER_PLAN: 1,
      CONCURRENT_TESTS_PER_SITE_PAIR: 1,
      PROTECTION_GROUPS_PER_PLAN: 1,
    });
    expect(await use(`planId: "${encodeId("RecoveryPlan", idle)}"`)).toMatchObject({
      CONCURRENT_RECOVERIES_PER_PLAN: 0,
      CONCURRENT_TESTS_PER_SITE_PAIR: 1,
      PROTECTION_GROUPS_PER_PLAN: 0,
    });
    expect(await use(`protectionGroupId: "${encodeId("ProtectionGroup", groupId)}"`)).toMatchObject({ VMS_PER_PROTECTION_GROUP: 3 });
    for (const siteId of [pair.protectedSiteId, pair.recoverySiteId])
      expect(await use(`siteId: "${encodeId("Site", siteId)}"`)).toMatchObject({ CONCURRENT_TESTS_PER_SITE_PAIR: 1, PLANS_PER_SITE: 2 });
  });

  it("tell none of what there is not, and refuse an id of another type", async () => {
    const {
      REQUESTS_PER_MINUTE: _requests,
      STREAMS_PER_SESSION: _streams,
      ...rest
    } = await use(
      `planId: "${encodeId("RecoveryPlan", groupId)}", protectionGroupId: "${encodeId("ProtectionGroup", busy)}", siteId: "${encodeId("Site", busy)}"`,
    );
    expect(rest).toEqual({});
    const { errors } = await ask(`{ limits(planId: "${encodeId("Site", pair.recoverySiteId)}") { name } }`);
    expect(errors).toMatchObject([{ extensions: { code: "INVALID_REQUEST", fieldErrors: [{ path: ["planId"] }] } }]);
  });
});
