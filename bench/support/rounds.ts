/** Rounds: everybody is measured for a moment, then everybody again, so that a machine that is slow for a while is slow for all. */
import type { Load, LoadTarget } from "./load.ts";
import { cpuSeconds } from "./proc.ts";

export interface Runner {
  readonly name: string;
  /** Whose CPU is the gateway's. */
  readonly pid: number;
  readonly target: LoadTarget;
}

/** What one round says of one runner. */
export interface Sample {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the gateway and all below it, for each request. */
  readonly gatewayCpuMs: number;
  /** Of all PostgreSQL processes, for each request. */
  readonly postgresCpuMs: number;
}

export interface RoundsOptions {
  readonly load: Load;
  readonly postgresPid: number;
  readonly runners: readonly Runner[];
  readonly connections: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly warmSeconds: number;
}

/** Samples by runner, in the order of the rounds. A request that fails makes it fail: its figure would be of something else. */
export async function inRounds({ runners, rounds, ...options }: RoundsOptions): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, Sample[]>(runners.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < runners.length; turn++) {
      const runner = runners[(turn + round) % runners.length];
      if (runner !== undefined) samples.get(runner.name)?.push(await takeSample(runner, round, options));
    }
  }
  return samples;
}

type SampleOptions = Omit<RoundsOptions, "runners" | "rounds">;

/** Of what `runner` does in `seconds`. The seed comes from the round: equal rounds ask for the same. */
export async function takeSample(
  runner: Runner,
  round: number,
  { load, postgresPid, connections, seconds, warmSeconds }: SampleOptions,
): Promise<Sample> {
  const cpu = () => ({ gateway: cpuSeconds(runner.pid), postgres: cpuSeconds(postgresPid) });
  let before = cpu();
  const result = await load.run(runner.target, { connections, seconds, warmSeconds, seed: round + 1 }, () => {
    before = cpu();
  });
  const after = cpu();
  const { requests, failures, failure, p50Ms, p99Ms } = result;
  if (failures > 0) throw new Error(`${runner.name}: ${failures} requests failed, the first with ${failure}`);
  const each = (used: number) => (used * 1000) / requests;
  return {
    requestsPerSecond: requests / result.seconds,
    p50Ms,
    p99Ms,
    gatewayCpuMs: each(after.gateway - before.gateway),
    postgresCpuMs: each(after.postgres - before.postgres),
  };
}
