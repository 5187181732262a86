/** `npm run test:examples`: what the documents, the playground's tabs and the example programs show, as it stands there; see test/examples. */
import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

export default defineConfig({
  test: { ...base.test, include: ["test/examples/*.examples.ts"], maxWorkers: 4 },
});
