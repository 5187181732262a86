/** `npm run test:notifications-kill`: a gateway that tells, killed with -9 again and again; see test/chaos/notifications.kills.ts. */
import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

export default defineConfig({
  test: { ...base.test, include: ["test/chaos/*.kills.ts"], hookTimeout: 60_000 },
});
