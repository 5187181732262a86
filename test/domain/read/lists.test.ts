import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { InvalidRequestError } from "../../../src/domain/errors.ts";
import { encodeId } from "../../../src/domain/ids.ts";
import { aGroup, aPair, aPlan, type GroupRows, type PairRows } from "../../support/rows.ts";
import { type Asker, anAsker, at, list, text } from "./support.ts";

let asker: Asker;
let pair: PairRows;
let one: GroupRows;
let two: GroupRows;

beforeAll(async () => {
  asker = await anAsker();
  const { database } = asker;
  pair = await aPair(database);
  one = await aGroup(database, pair, "One", 7);
  two = await aGroup(database, pair, "two_x", 5);
  await aPlan(database, pair, "Plan", [{ groupIds: [one.groupId, two.groupId] }]);
  await database.prisma.virtualMachine.create({ data: { siteId: pair.recoverySiteId, externalId: "u", name: "Unprotected" } });
});
afterAll(() => asker.drop());

const names = (answer: unknown, path: string) => list(answer, `${path}.edges`).map((edge) => text(edge, "node.name"));

/** All names, page by page, forward or backward. */
async function walk(order: string, size: number, backward: boolean): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = null;
  for (;;) {
    const page = backward ? "last: $size, before: $cursor" : "first: $size, after: $cursor";
    const answer: unknown = await asker.ask(
      `query ($size: Int, $cursor: String) { vms(${page}, orderBy: ${order}) { edges { node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
      { size, cursor },
    );
    if (backward) found.unshift(...names(answer, "vms"));
    else found.push(...names(answer, "vms"));
    if (at(answer, `vms.pageInfo.${backward ? "hasPreviousPage" : "hasNextPage"}`) === false) return found;
    cursor = text(answer, `vms.pageInfo.${backward ? "startCursor" : "endCursor"}`);
  }
}

describe("a list", () => {
  it.each([
    "{ field: NAME }",
    "{ field: NAME, direction: DESC }",
    "{ field: LAST_SYNC_TIME }",
    "{ field: LAST_SYNC_TIME, direction: DESC }",
    "{ field: PROTECTION_STATE, direction: DESC }",
  ])("is the same in pages of any size, forward and backward, sorted by %s", async (order) => {
    const whole = await walk(order, 500, false);
    expect(new Set(whole).size).toBe(13);
    for (const size of [1, 3, 4, 13]) {
      expect(await walk(order, size, false)).toEqual(whole);
      expect(await walk(order, size, true)).toEqual(whole);
    }
  });

  it("has 25 entries by default, and says how many there are only when asked", async () => {
    await aGroup(asker.database, pair, "many", 30);
    const answer = await asker.ask(`{ vms { totalCount nodes { name } pageInfo { hasNextPage } } }`);
    expect(list(answer, "vms.nodes")).toHaveLength(25);
    expect(answer).toMatchObject({ vms: { totalCount: 43, pageInfo: { hasNextPage: true } } });
  });

  it("is filtered by everything that is given; names by substring, without regard to case and literally", async () => {
    const count = async (filter: string) => at(await asker.ask(`{ vms(filter: ${filter}) { totalCount } }`), "vms.totalCount");
    expect(await count(`{ name: "ONE-VM" }`)).toBe(7);
    expect(await count(`{ name: "o_x" }`)).toBe(5);
    expect(await count(`{ name: "%" }`)).toBe(0);
    expect(await count(`{ protectionGroupId: "${encodeId("ProtectionGroup", one.groupId)}", name: "-0" }`)).toBe(7);
    expect(await count(`{ isProtected: false }`)).toBe(1);
    expect(await count(`{ protectionState: NOT_CONFIGURED }`)).toBe(1);
    expect(await count(`{ siteId: "${encodeId("Site", pair.recoverySiteId)}" }`)).toBe(1);
    expect(await count(`{ needsConfiguration: true }`)).toBe(0);
  });

  it.each(["vms", "sites", "recoveryPlans", "protectionGroups", "datastores", "networks"])(
    "refuses a NUL in the name that %s are filtered by, and goes on with the others",
    async (field) => {
      const { errors, data } = await asker.answer(
        `query ($name: String) { bad: ${field}(filter: { name: $name }) { totalCount }
        good: ${field}(filter: { name: "nothing has this" }) { totalCount } }`,
        { name: "a\0" },
      );
      expect(errors).toHaveLength(1);
      expect(errors?.[0]?.originalError).toBeInstanceOf(InvalidRequestError);
      expect(errors?.[0]?.originalError).toMatchObject({ fieldErrors: [{ path: ["filter", "name"] }] });
      expect(data).toMatchObject({ bad: null, good: { totalCount: 0 } });
    },
  );

  describe("takes only times that can be from a cursor", () => {
    const nodesAfter = (time: string) => {
      const place = ["LAST_SYNC_TIME", "ASC", time, "0190aaaa-0000-7000-8000-000000000000"];
      const after = Buffer.from(JSON.stringify(place)).toString("base64url");
      return asker.answer("query ($after: String) { vms(orderBy: { field: LAST_SYNC_TIME }, after: $after) { nodes { name } } }", {
        after,
      });
    };

    it.each([
      "2026-99-99 00:00:00+00",
      "2026-00-10 00:00:00+00",
      "2026-02-29 00:00:00+00",
      "2026-04-31 00:00:00+00",
      "2026-04-00 00:00:00+00",
      "999999-01-01 00:00:00+00",
      "294276-12-31 23:59:59-12",
      "0000-01-01 00:00:00+00",
      "2026-01-01 25:00:00+00",
      "2026-01-01 24:00:01+00",
      "2026-01-01 00:61:00+00",
      "2026-01-01 00:00:61+00",
      "2026-01-01 00:00:00+99",
      "2026-01-01 00:00:00+01:60",
    ])("not %s", async (time) => {
      const error = (await nodesAfter(time)).errors?.[0]?.originalError;
      expect(error).toBeInstanceOf(InvalidRequestError);
      expect(error).toMatchObject({ message: "This is not a cursor.", fieldErrors: [{ path: ["after"] }] });
    });

    it.each([
      "-infinity",
      "2024-02-29 23:59:59.999999+15:59",
      "2000-02-29 00:00:00-12",
      "0001-01-01 00:00:00+15:59:59",
      "294275-12-31 23:59:59-15:59",
    ])("but %s", async (time) => {
      expect((await nodesAfter(time)).errors).toBeUndefined();
    });
  });

  it("pages below each parent by itself", async () => {
    const query = `query ($after: String) { protectionGroups(filter: { name: "o" }) { nodes { name vms(first: 3, after: $after) {
      totalCount edges { cursor node { name } } pageInfo { hasNextPage } } } } }`;
    const answer = await asker.ask(query);
    const [first, second] = list(answer, "protectionGroups.nodes");
    expect(names(first, "vms")).toEqual(["One-vm-01", "One-vm-02", "One-vm-03"]);
    expect(names(second, "vms")).toEqual(["two_x-vm-01", "two_x-vm-02", "two_x-vm-03"]);
    expect(second).toMatchObject({ vms: { totalCount: 5, pageInfo: { hasNextPage: true } } });
    const next = await asker.ask(query, { after: text(first, "vms.edges.2.cursor") });
    expect(names(list(next, "protectionGroups.nodes")[0], "vms")).toEqual(["One-vm-04", "One-vm-05", "One-vm-06"]);
  });

  describe("of a group's VMs by their names", () => {
    const inGroup = (
      args: string,
    ) => `query ($id: ID!${args.includes("$cursor") ? ", $cursor: String" : ""}) { protectionGroup(id: $id) { vms(${args}) {
      edges { node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`;
    const ask = async (args: string, cursor: string | null = null) =>
      at(await asker.ask(inGroup(args), { id: encodeId("ProtectionGroup", one.groupId), cursor }), "protectionGroup");

    async function pages(order: string, size: number, backward: boolean): Promise<string[]> {
      const found: string[] = [];
      for (let cursor: string | null = null; ; ) {
        const group: unknown = await ask(
          `${backward ? "last" : "first"}: ${size}, ${backward ? "before" : "after"}: $cursor, ${order}`,
          cursor,
        );
        if (backward) found.unshift(...names(group, "vms"));
        else found.push(...names(group, "vms"));
        if (at(group, `vms.pageInfo.${backward ? "hasPreviousPage" : "hasNextPage"}`) === false) return found;
        cursor = text(group, `vms.pageInfo.${backward ? "startCursor" : "endCursor"}`);
      }
    }

    it.each(["ASC", "DESC"])("is the same in pages of any size, forward and backward, and with a filter: %s", async (direction) => {
      const order = `orderBy: { field: NAME, direction: ${direction} }`;
      const filtered = names(await ask(`first: 500, ${order}, filter: { isProtected: true }`), "vms");
      expect(filtered).toHaveLength(7);
      for (const size of [1, 3, 7, 8]) {
        expect(await pages(order, size, false)).toEqual(filtered);
        expect(await pages(order, size, true)).toEqual(filtered);
      }
    });

    it("takes no account of capitals, in pages as at once", async () => {
      const { prisma } = asker.database;
      const rename = (name: string, next: string) => prisma.virtualMachine.updateMany({ where: { name }, data: { name: next } });
      const others = ["b", "A", "Ä", "a2", "Z", "C"];
      const old = names(await ask("first: 500"), "vms");
      for (const [at, name] of old.slice(0, others.length).entries()) await rename(name, others[at] ?? "");
      const all = names(await ask("first: 500"), "vms");
      expect(all.map((name) => name.toLowerCase())).toEqual(all.map((name) => name.toLowerCase()).toSorted());
      for (const size of [1, 3]) {
        for (const backward of [false, true]) expect(await pages("orderBy: { field: NAME, direction: ASC }", size, backward)).toEqual(all);
      }
      for (const [at, name] of old.slice(0, others.length).entries()) await rename(others[at] ?? "", name);
    });

    it("follows a new name", async () => {
      const { prisma } = asker.database;
      const [last] = names(await ask("first: 1, orderBy: { field: NAME, direction: DESC }"), "vms");
      const rename = (name: string, next: string) => prisma.virtualMachine.updateMany({ where: { name }, data: { name: next } });
      await rename(last ?? "", "AAA");
      expect(names(await ask("first: 2"), "vms")).toEqual(["AAA", "One-vm-01"]);
      await rename("AAA", last ?? "");
      expect(names(await ask("first: 1"), "vms")).toEqual(["One-vm-01"]);
    });

    it("reads no more machines than it shows, but one", async () => {
      const { pool } = asker.database;
      const query = vi.spyOn(pool, "query");
      await asker.ask(`{ protectionGroups(filter: { name: "One" }) { nodes { vms(first: 3) { nodes { name faults { code } } } } } }`);
      const [page] = query.mock.calls.flatMap(([asked]) => (JSON.stringify(asked).includes("virtual_machine v LEFT JOIN") ? [asked] : []));
      query.mockRestore();
      const { text: sql, values } = Object(page);
      const { rows } = await pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, values);
      const read = JSON.stringify(rows).matchAll(/"Relation Name": ?"virtual_machine".*?"Actual Rows": ?([\d.]+),"Actual Loops": ?(\d+)/g);
      expect([...read].map(([, count, loops]) => Number(count) * Number(loops))).toEqual([4]);
    });
  });

  it.each([
    ["first: 0", "first"],
    ["first: 501", "first"],
    ["last: 501", "last"],
    ["first: 3, last: 3", "last"],
    [`after: "nonsense"`, "after"],
    [`after: "${Buffer.from(JSON.stringify(["NAME", "DESC", "a", "x"])).toString("base64url")}"`, "after"],
    [
      `before: "${Buffer.from(JSON.stringify(["NAME", "ASC", 3, "0190aaaa-0000-7000-8000-000000000000"])).toString("base64url")}"`,
      "before",
    ],
    [
      `orderBy: { field: LAST_SYNC_TIME }, after: "${Buffer.from(JSON.stringify(["LAST_SYNC_TIME", "ASC", "yesterday", "0190aaaa-0000-7000-8000-000000000000"])).toString("base64url")}"`,
      "after",
    ],
  ])("refuses %s with the argument named", async (args, name) => {
    const { errors, data } = await asker.answer(`{ vms(${args}) { nodes { name } } sites { totalCount } }`);
    const error = errors?.[0]?.originalError;
    expect(error).toBeInstanceOf(InvalidRequestError);
    expect(error).toMatchObject({ fieldErrors: [{ path: [name] }] });
    expect(data).toMatchObject({ vms: null, sites: { totalCount: 2 } });
  });
});

describe("a list that shows plain columns alone", () => {
  const lists = [
    { name: "vms", type: "VirtualMachine", fields: "id name powerState cpuCount memoryMb protectionState" },
    { name: "protectionGroups", type: "ProtectionGroup", fields: "id name type replicationType state rpoMinutes" },
  ];
  const byNodes = ({ name, fields }: (typeof lists)[number], more: string) => `{ ${name}(first: 100) { nodes { ${fields} ${more} } } }`;
  const byEdges = ({ name, type, fields }: (typeof lists)[number], more: string) =>
    `{ ${name}(first: 100) { ...Page } } fragment Page on ${type}Connection { edges { node { ...Node ... { ${fields} } } } }
     fragment Node on ${type} { ${more} }`;
  const ways = [
    { how: "nodes", queryOf: byNodes },
    { how: "edges and fragments", queryOf: byEdges },
  ];

  it.each(ways.flatMap((way) => lists.map((one) => ({ ...way, ...one }))))(
    "reads no others, and shows the same: $name by $how",
    async ({ queryOf, ...one }) => {
      const read = vi.spyOn(asker.database.pool, "query");
      const few = await asker.ask(queryOf(one, "__typename"));
      const sqlOfFew = JSON.stringify(read.mock.calls);
      const all = await asker.ask(queryOf(one, "faults { code }"));
      const sqlOfBoth = JSON.stringify(read.mock.calls);
      read.mockRestore();
      expect([sqlOfFew, sqlOfBoth].map((sql) => sql.includes("fault_message"))).toEqual([false, true]);
      const plain = (answer: unknown) =>
        JSON.stringify(answer, (key, value: unknown) => (["__typename", "faults"].includes(key) ? undefined : value));
      expect(plain(few)).toBe(plain(all));
    },
  );
});
