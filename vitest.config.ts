import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    // Node's own loader: what is tested is what runs, type stripping and all.
    experimental: { viteModuleRunner: false },
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 15_000,
    hookTimeout: 20_000,
    teardownTimeout: 20_000,
  },
});
