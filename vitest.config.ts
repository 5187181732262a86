import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

// Each file has a process of its own, and many tests start more: what Node has compiled once serves them all.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "node-compile-cache");

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
