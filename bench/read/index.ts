/** The read path: nested plans and long lists, side by side with the peers. */
import { fill } from "../data/fill.ts";
import { addRun } from "../data/run.ts";
import { chosenOf, type PartOptions } from "../support/arguments.ts";
import { evaluated } from "../support/evaluated.ts";
import { temporaryFolder } from "../support/folders.ts";
import { type Load, startLoad } from "../support/load.ts";
import { inRounds, type Runner } from "../support/rounds.ts";
import type { Section, Table } from "../support/section.ts";
import { type BenchServer, startBenchServer } from "../support/server.ts";
import { differences } from "./compare.ts";
import { type Contender, openPeer, openProduct, peerNames } from "./contenders.ts";
import { type LoadName, loads, type ReadData, type ReadLoad, targetOf } from "./loads.ts";
import { peerViews } from "./peer-views.ts";
import { goalsOf, loadTable, type Samples } from "./report.ts";

const full = { plans: 2_000, groupsPerPlan: 5, vmsPerGroup: 20 };
const small = { plans: 200, groupsPerPlan: 5, vmsPerGroup: 20 };
const steps = 5_001;

/** `only`: loads whose names hold this. */
export async function run({ short, only }: PartOptions): Promise<Section> {
  const chosen = chosenOf(
    loads.map(({ name }) => name),
    only,
  );
  await using open = new AsyncDisposableStack();
  const server = open.use(await startBenchServer());
  const data = await prepare(server, short ? small : full);
  const { path } = open.use(temporaryFolder());
  const contenders: Contender[] = [open.use(await openProduct(server.url))];
  const wanted = loads.filter(({ name }) => chosen.includes(name));
  for (const name of peerNames) {
    if (wanted.some(({ who }) => who.includes(name))) contenders.push(open.use(await openPeer(name, server.url, path)));
  }
  if (!short) await evaluated(server);
  const load = open.use(startLoad());
  const measured = new Map<LoadName, Samples>();
  const wrong: string[] = [];
  for (const one of wanted) {
    process.stderr.write(`${one.name}\n`);
    const runners = runnersOf(one, contenders, data);
    const differing = await differences(runners);
    wrong.push(...differing.map((sentence) => `${one.name}: ${sentence}`));
    if (differing.length > 0) continue;
    try {
      measured.set(one.name, await measure(one, runners, { load, server, short }));
    } catch (error) {
      wrong.push(`${one.name}: ${error instanceof Error ? error.message : String(error)}`); // the other loads say something still
    }
  }
  const vms = data.plans * data.groupsPerPlan * data.vmsPerGroup;
  return { title: "Read path", wrong, tables: tablesOf(measured, data.plans, vms) };
}

async function prepare(server: BenchServer, size: typeof full): Promise<ReadData> {
  const data = await fill(server.database, server.url, size);
  const runId = await addRun(server.database, data.planIds[0] ?? "", steps);
  await server.database.pool.query(peerViews);
  const { rows: places } = await server.database.pool.query<{ name: string; id: string }>(
    `SELECT name, id FROM (SELECT name, id, row_number() OVER (ORDER BY lower(name), id) AS place FROM virtual_machine) AS v WHERE place % 1000 = 500`,
  );
  return { ...data, runId, places };
}

const runnersOf = (load: ReadLoad, contenders: readonly Contender[], data: ReadData): Runner[] =>
  contenders
    .filter(({ name }) => load.who.includes(name))
    .map((contender) => ({ name: contender.name, pid: contender.pid, target: targetOf(load, contender, data) }));

interface Parts {
  readonly load: Load;
  readonly server: BenchServer;
  readonly short: boolean;
}

function measure({ connections, rounds }: ReadLoad, runners: readonly Runner[], { load, server, short }: Parts): Promise<Samples> {
  const length = short ? { rounds: 1, seconds: 0.6, warmSeconds: 0.4 } : { rounds, seconds: 1.2, warmSeconds: 0.3 };
  return inRounds({ load, postgresPid: server.pid, runners, connections, ...length });
}

function tablesOf(measured: ReadonlyMap<LoadName, Samples>, plans: number, vms: number): Table[] {
  const tables = loads.flatMap((load) => {
    const samples = measured.get(load.name);
    return samples ? [loadTable(load, samples)] : [];
  });
  const note = `${plans.toLocaleString("en")} plans with ${vms.toLocaleString("en")} VMs; sessions, roles, limits and logs are on, and all requests carry a session.`;
  return [{ ...goalsOf(measured), notes: [note] }, ...tables];
}
