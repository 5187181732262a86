import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redact, redactor } from "../../src/engine/redact.ts";
import { knownSecrets, readSecret, SecretError, secretIds } from "../../src/engine/secrets.ts";

let folder: string;
let secretsDir: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dr-secrets-"));
  secretsDir = join(folder, "secrets");
  await mkdir(join(secretsDir, "sub"), { recursive: true });
  await writeFile(join(folder, "outside"), "outside");
  await writeFile(join(secretsDir, "guest-admin"), "hunter2\n");
  await writeFile(join(secretsDir, "windows"), "p w\r\n");
  await writeFile(join(secretsDir, "spaces"), " x \n\n");
  await writeFile(join(secretsDir, ".hidden"), "hidden");
  await writeFile(join(secretsDir, "large"), "x".repeat(70_000));
  await symlink("guest-admin", join(secretsDir, "alias"));
  await symlink("../outside", join(secretsDir, "escape"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a secret", () => {
  it("is the text of the file that its id names, without the newline at its end", async () => {
    expect(await readSecret(secretsDir, "guest-admin")).toBe("hunter2");
    expect(await readSecret(secretsDir, "windows")).toBe("p w");
    expect(await readSecret(secretsDir, "spaces")).toBe(" x \n");
    expect(await readSecret(secretsDir, "alias")).toBe("hunter2");
  });

  it("is read each time", async () => {
    await writeFile(join(secretsDir, "changing"), "one");
    expect(await readSecret(secretsDir, "changing")).toBe("one");
    await writeFile(join(secretsDir, "changing"), "two");
    expect(await readSecret(secretsDir, "changing")).toBe("two");
    await rm(join(secretsDir, "changing"));
  });

  it.each(["", ".", "..", "../outside", "sub/x", "a\\b", ".hidden", "a\0b", "x".repeat(256)])("%j is no id of one", async (id) => {
    await expect(readSecret(secretsDir, id)).rejects.toThrow("plain name");
  });

  it.each(["missing", "sub", "escape", "large"])("%s is refused without a word of what is in it", async (id) => {
    const error = await readSecret(secretsDir, id).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(SecretError);
    expect(String(error)).toContain(id);
    expect(String(error)).not.toMatch(/outside|xxx/);
  });
});

describe("the ids of secrets", () => {
  it("are those of files that can be read when they are needed", async () => {
    expect(await secretIds(secretsDir)).toEqual(["alias", "guest-admin", "spaces", "windows"]);
    expect(await secretIds(join(folder, "nowhere"))).toEqual([]);
  });
});

describe("known secrets", () => {
  it("are those that can be read", async () => {
    expect((await knownSecrets(secretsDir)).sort()).toEqual([" x \n", "hunter2", "hunter2", "p w"]);
  });

  it("are none without a folder", async () => {
    expect(await knownSecrets(join(folder, "nowhere"))).toEqual([]);
  });
});

describe("redaction", () => {
  it("masks each secret wherever it stands, the longest first", () => {
    expect(redact("abcdef abc x", ["abc", "abcdef", ""])).toBe("[redacted] [redacted] x");
    expect(redact("nothing", [])).toBe("nothing");
  });

  it("gives the same for a text in pieces as for the whole, and shows no secret", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 30 });
    const secrets = fc.array(fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 6 }), secrets, (pieces, known) => {
        const stream = redactor(known);
        const shown = pieces.map((piece) => stream.push(piece)).join("") + stream.end();
        expect(shown).toBe(redact(pieces.join(""), known));
        for (const part of shown.split("[redacted]")) for (const secret of known) expect(part).not.toContain(secret);
      }),
      { numRuns: 1000, seed: 7 },
    );
  });
});
