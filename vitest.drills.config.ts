/** `npm run test:drills`: a year of drills under a simulated clock; see test/drills. */
import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

export default defineConfig({
  test: { ...base.test, include: ["test/drills/*.drills.ts"], maxWorkers: 1 },
});
