/** How soon `npm start` is ready: with an empty database of its own, again, and with 200,000 VMs behind it. */
import { join } from "node:path";
import { fill } from "../data/fill.ts";
import { chosenOf, type PartOptions } from "../support/arguments.ts";
import { median } from "../support/figures.ts";
import { productFolder, temporaryFolder } from "../support/folders.ts";
import { startServing } from "../support/process.ts";
import { figure, goalTable, type Section } from "../support/section.ts";
import { startBenchServer } from "../support/server.ts";

const fullSize = { plans: 2_000, groupsPerPlan: 5, vmsPerGroup: 20 };
const shortSize = { plans: 100, groupsPerPlan: 5, vmsPerGroup: 20 };

export async function run({ short, only }: PartOptions): Promise<Section> {
  chosenOf(["start"], only);
  const times = short ? 1 : 3;
  const own = await withOwnDatabase(times);
  const size = short ? shortSize : fullSize;
  const loaded = await withData(size, times);
  const vms = size.plans * size.groupsPerPlan * size.vmsPerGroup;
  const row = (what: string, seconds: readonly number[]) => [what, `${figure(median(seconds))} s`, seconds.map(figure).join(", ")];
  return {
    title: "Start",
    wrong: [],
    tables: [
      {
        title: "From npm start to its first answer at /health/ready",
        columns: ["start", "median", "each"],
        rows: [
          row("the first, which makes the embedded database and imports the demo", [own.first]),
          row("again, with the embedded database", own.again),
          row(`again, with ${vms.toLocaleString("en")} VMs in an outside database`, loaded),
        ],
      },
      goalTable([
        { what: `npm start ready with ${vms.toLocaleString("en")} VMs`, measured: median(loaded), goal: 3, better: "less", unit: "s" },
      ]),
    ],
  };
}

/** As after a clone: nothing but what npm ci has installed. */
async function withOwnDatabase(times: number): Promise<{ readonly first: number; readonly again: readonly number[] }> {
  await using folder = temporaryFolder();
  const seconds = await timesOfStart(folder.path, {}, times + 1);
  return { first: seconds[0] ?? Number.NaN, again: seconds.slice(1) };
}

async function withData(size: typeof fullSize, times: number): Promise<readonly number[]> {
  await using server = await startBenchServer();
  await fill(server.database, server.url, size);
  await using folder = temporaryFolder();
  const seconds = await timesOfStart(folder.path, { DATABASE_URL: server.url, SEED_FILE: "none" }, times + 1);
  return seconds.slice(1); // the first one makes the administrator
}

/** One after the other, each stopped in order. */
async function timesOfStart(dataDir: string, env: Readonly<Record<string, string>>, times: number): Promise<readonly number[]> {
  const seconds: number[] = [];
  for (let time = 0; time < times; time++) {
    await using gateway = await startServing({
      command: "npm",
      args: ["start", "--silent"],
      cwd: productFolder,
      env: { DATA_DIR: dataDir, LAB_GUEST_SERVICES: "off", ...env },
      logFile: join(dataDir, "output.log"),
      readyPath: "/health/ready",
    });
    seconds.push(gateway.readyAfterSeconds);
  }
  return seconds;
}
