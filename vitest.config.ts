import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { SpreadOut } from "./test/support/spread-out.ts";

// Tests start many processes: what Node has compiled once serves them all.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "node-compile-cache");

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/global-setup.ts"],
    // Node's own loader: what is tested is what runs, type stripping and all.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    pool: "forks",
    // Threads that collect garbage beside the one that works mostly wake and wait where there are more workers than cores.
    execArgv: ["--min-semi-space-size=32", "--max-semi-space-size=32", "--no-parallel-scavenge"],
    // A process loads the house once, for all the files that it runs: each closes what it opens.
    isolate: false,
    unstubEnvs: true,
    // More than twice the two cores that there are at least: tests of leases, delays and processes mostly wait.
    maxWorkers: 5,
    sequence: { sequencer: SpreadOut },
    // For what hangs: a machine that is busy with other things as well takes many times as long as a quiet one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
    expect: { poll: { timeout: 30_000, interval: 5 } },
  },
});
