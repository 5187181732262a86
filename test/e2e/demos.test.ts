/** `npm run demo` in folders of its own: what it says is the last that it does before it ends. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, expect, it } from "vitest";
import { dataFolder } from "./gateway-process.ts";

const folders = [dataFolder(), dataFolder()];
afterAll(() => {
  for (const folder of folders) folder.remove();
});

/** A plan that there is not is looked for once its gateway is up and somebody has signed in. */
async function demo(dataDir: string): Promise<string> {
  const child = spawn(process.execPath, ["demo/main.ts", "--plan", "None"], {
    cwd: resolve(import.meta.dirname, "../.."),
    env: { PATH: process.env.PATH, TMPDIR: tmpdir(), DATA_DIR: dataDir, SEED_FILE: "none" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  return text(child.stderr);
}

it("two at once, each with a DATA_DIR of its own, keep out of each other's way", { timeout: 90_000 }, async () => {
  const said = await Promise.all(folders.map(({ path }) => demo(path)));
  expect(said).toEqual(["There is no plan None here.\n", "There is no plan None here.\n"]);
  for (const { path } of folders) expect(existsSync(join(path, "demo", "first-sign-in.txt"))).toBe(true);
});
