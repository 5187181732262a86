/** Debian's Chromium, without a window and without a network. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome"];

/** The browser's path; throws with what to do when there is none. */
export function findChromium(path = process.env.PATH ?? ""): string {
  for (const folder of path.split(delimiter))
    for (const name of names) {
      const file = join(folder, name);
      if (isExecutable(file)) return file;
    }
  throw new Error("There is no Chromium on the PATH, and these tests need it: apt-get install --no-install-recommends chromium");
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Nothing it shows comes from elsewhere, and it asks for nothing on its own. */
export const openChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath: findChromium(),
    chromiumSandbox: process.getuid?.() !== 0,
    args: ["--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
