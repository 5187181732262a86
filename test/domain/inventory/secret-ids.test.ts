import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Role } from "../../../src/domain/viewer.ts";
import { operator } from "../../support/node.ts";
import { servicesOf } from "../../support/services.ts";
import { type Asker, anAsker } from "../read/support.ts";

let asker: Asker;
let secretsDir: string;
beforeAll(async () => {
  asker = await anAsker();
  secretsDir = await mkdtemp(join(tmpdir(), "dr-secrets-"));
  for (const name of ["windows-admin", "guest-admin", ".hidden"]) await writeFile(join(secretsDir, name), "hunter2");
});
afterAll(async () => {
  await asker.drop();
  await rm(secretsDir, { recursive: true });
});

const ask = (role: Role) => {
  const services = servicesOf(asker.database, { secretsDir });
  const context = { ...asker.context(), services, viewer: { ...operator, roles: new Set([role]) } };
  return asker.answer("{ secretIds }", {}, context);
};

it("secrets are shown by their ids to those who write commands, and never by their values", async () => {
  for (const role of ["EDITOR", "SCRIPT_EDITOR"] as const) {
    const answer = await ask(role);
    expect(answer.data).toEqual({ secretIds: ["guest-admin", "windows-admin"] });
    expect(JSON.stringify(answer)).not.toContain("hunter2");
  }
});

it("others are not told which there are", async () => {
  const { data, errors } = await ask("VIEWER");
  expect(data).toEqual({ secretIds: null });
  expect(errors?.[0]?.originalError).toMatchObject({
    code: "FORBIDDEN",
    requiredRole: "EDITOR",
    requiredRoles: ["EDITOR", "SCRIPT_EDITOR"],
  });
});
