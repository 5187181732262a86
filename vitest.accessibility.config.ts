/** `npm run test:accessibility`: pages in Chromium; see test/accessibility. */
import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

export default defineConfig({
  test: { ...base.test, include: ["test/accessibility/*.pages.ts"], maxWorkers: 1, testTimeout: 60_000, hookTimeout: 60_000 },
});
