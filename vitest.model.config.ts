/** `npm run test:model`: random sequences against a model; see test/model. */
import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

export default defineConfig({
  test: { ...base.test, include: ["test/model/*.sequences.ts"], maxWorkers: 2, hookTimeout: 60_000 },
});
