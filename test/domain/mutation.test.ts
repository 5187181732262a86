import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConflictError } from "../../src/domain/errors.ts";
import { checkVersion, type Mutation, mutate, unlessAnswered } from "../../src/domain/mutation.ts";
import { checkQuota } from "../../src/domain/quotas.ts";
import { freshDatabase, type TestDatabase } from "../support/database.ts";
import { operator } from "../support/node.ts";
import { serviceContext } from "../support/services.ts";

type Renaming = Mutation<{ siteId: string }>;

describe("a mutation of the configuration", () => {
  let db: TestDatabase;
  let siteId: string;
  let announced = 0;
  beforeAll(async () => {
    db = await freshDatabase();
    const site = { type: "PROTECTED", provider: "lab" } as const;
    siteId = (await db.database.prisma.site.create({ data: { ...site, name: "North", externalId: "north" } })).id;
    await db.database.prisma.site.create({ data: { ...site, name: "South", externalId: "south" } });
  });
  afterAll(() => db.drop());

  const rename = (name: string, idempotencyKey: string | null = null, act?: Renaming["act"]) =>
    mutate(serviceContext(db.database, { announce: () => void announced++ }), operator, {
      mutation: "rename",
      input: { name, idempotencyKey },
      answer: { siteId },
      act:
        act ??
        (async (client) => {
          await client.query("UPDATE site SET name = $2 WHERE id = $1", [siteId, name]);
          return [{ kind: "SITE_CHANGED", id: siteId, change: "UPDATED" }];
        }),
    });
  const prepared = () => Promise.resolve("a site's answer");
  const changes = async () =>
    (await db.database.prisma.event.findMany({ where: { recoveryId: null }, orderBy: { position: "asc" } })).map(({ payload }) => payload);
  const name = async () => (await db.database.prisma.site.findUniqueOrThrow({ where: { id: siteId } })).name;

  it("writes what it does and the event that says so together, and tells the readers afterwards", async () => {
    const before = announced;
    expect(await rename("East")).toEqual({ siteId });
    expect(await name()).toBe("East");
    expect(await changes()).toEqual([{ kind: "SITE_CHANGED", id: siteId, change: "UPDATED", name: "East" }]);
    expect(announced).toBe(before + 1);
  });

  it("is done once for a key, and its repetition gets the first answer", async () => {
    await rename("West", "k1");
    const told = announced;
    const again = rename("West", "k1", () => Promise.reject(new Error("done twice")));
    expect(await again).toEqual({ siteId });
    expect(announced).toBe(told);
    await expect(rename("North", "k1")).rejects.toThrow(ConflictError);
    await expect(rename("North", "")).rejects.toMatchObject({ fieldErrors: [{ path: ["idempotencyKey"] }] });
    expect(await name()).toBe("West");
  });

  it("takes no key that can't be stored, also where it only looks whether there was an answer", async () => {
    const context = serviceContext(db.database);
    const asked = unlessAnswered(context, operator, { mutation: "rename", input: { idempotencyKey: "a\0b" } }, prepared);
    await expect(asked).rejects.toMatchObject({ fieldErrors: [{ path: ["idempotencyKey"] }] });
  });

  it("asks nobody for a request that was answered", async () => {
    const request = { mutation: "rename", input: { name: "Up", idempotencyKey: "k3" } };
    expect(await unlessAnswered(serviceContext(db.database), operator, request, prepared)).toEqual({ prepared: "a site's answer" });
    await rename("Up", "k3");
    const again = unlessAnswered(serviceContext(db.database), operator, request, () => Promise.reject(new Error("asked again")));
    expect(await again).toEqual({ answer: { siteId } });
  });

  it("gives the first answer where what its repetition finds in its way is what the first one has just done", async () => {
    const done = new ConflictError("It has this name already.", "Choose another.");
    const request = (idempotencyKey: string | null) => ({ mutation: "rename", input: { name: "Down", idempotencyKey } });
    const repetition = (idempotencyKey: string | null) =>
      unlessAnswered(serviceContext(db.database), operator, request(idempotencyKey), async () => {
        await rename("Down", "k4");
        throw done;
      });
    await expect(repetition(null)).rejects.toBe(done);
    await expect(repetition("another")).rejects.toBe(done);
    expect(await repetition("k4")).toEqual({ answer: { siteId } });
  });

  it("leaves nothing behind when it is refused, and its key is free again", async () => {
    const [events, there] = [(await changes()).length, await name()];
    const refused = rename("North", "k2", async (client) => {
      await client.query("UPDATE site SET name = 'half' WHERE id = $1", [siteId]);
      throw new ConflictError("No.", "Later.");
    });
    await expect(refused).rejects.toThrow("No.");
    expect(await name()).toBe(there);
    expect(await changes()).toHaveLength(events);
    expect(await rename("North", "k2")).toEqual({ siteId });
  });

  it("says of a name that is taken which field it is, not which constraint", async () => {
    await expect(rename("south")).rejects.toMatchObject({ code: "INVALID_REQUEST", fieldErrors: [{ path: ["name"] }] });
  });

  it("can demand the version that was read", () => {
    expect(() => checkVersion("The plan", 3, 3)).not.toThrow();
    expect(() => checkVersion("The plan", 3, null)).not.toThrow();
    expect(() => checkVersion("The plan", 3, 2)).toThrow(expect.objectContaining({ code: "CONFLICT", details: { version: 3 } }));
  });

  it("stays within the quotas, and says how much there is", () => {
    expect(() => checkQuota("VMs in the group", 500, 499, 1)).not.toThrow();
    expect(() => checkQuota("VMs in the group", 500, 499, 2)).toThrow(expect.objectContaining({ details: { limit: 500, current: 499 } }));
  });
});
