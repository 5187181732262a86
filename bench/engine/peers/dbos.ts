/**
 * DBOS Transact doing durable steps: a process of its own, told the database and the counts on its command line. Workflows run side by side, each
 * with its steps one after the other, as its guide has it; a step does nothing, so what is measured is what makes it durable.
 */
import { DBOS } from "@dbos-inc/dbos-sdk";

const [systemDatabaseUrl = "", steps = "20000", workflows = "100", poolSize = "20"] = process.argv.slice(2);
const stepsOfEach = Math.ceil(Number(steps) / Number(workflows));

const nothing = async (at: number): Promise<number> => at;

const work = DBOS.registerWorkflow(
  async (count: number): Promise<number> => {
    let done = 0;
    for (let at = 0; at < count; at++) done += (await DBOS.runStep(() => nothing(at), { name: "step" })) >= 0 ? 1 : 0;
    return done;
  },
  { name: "work" },
);

DBOS.setConfig({
  name: "bench",
  applicationVersion: "1",
  systemDatabaseUrl,
  systemDatabasePoolSize: Number(poolSize),
  logLevel: "error",
  enableOTLP: false,
});
await DBOS.launch();
await work(10); // its statements are prepared, its code is warm
const cpu = process.cpuUsage();
const started = performance.now();
const done = await Promise.all(Array.from({ length: Number(workflows) }, () => work(stepsOfEach)));
const seconds = (performance.now() - started) / 1000;
const used = process.cpuUsage(cpu);
const count = done.reduce((sum, one) => sum + one, 0);
process.stdout.write(`${JSON.stringify({ steps: count, seconds, nodeCpuSeconds: (used.user + used.system) / 1e6 })}\n`);
await DBOS.shutdown();
