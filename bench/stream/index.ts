/** Streams: many subscribers of one run, at a steady pace and as fast as the engine goes, beside mercurius' subscriptions. */
import { chosenOf, type PartOptions } from "../support/arguments.ts";
import { figure, type Goal, goalTable, type Section, type Table } from "../support/section.ts";
import { startBenchServer } from "../support/server.ts";
import { type Flood, flood, plansFor } from "./flood.ts";
import { type Paced, paced } from "./paced.ts";
import { type ServerName, type StreamServer, startMercurius, startProduct } from "./servers.ts";
import { subscribersIn } from "./subscribers.ts";

interface Round<Figures> {
  readonly name: ServerName;
  readonly sockets: number;
  readonly figures: Figures;
}

/** Most first: by the fewest, whose fixed costs count most, everybody has run for a while. */
const full = {
  sockets: [5_000, 1_000, 100],
  seconds: 10,
  warmSeconds: 3,
  vms: 500,
  floods: { "dr-gateway": [1_000, 5_000], mercurius: [1_000] },
};
const small = { sockets: [200], seconds: 4, warmSeconds: 1, vms: 50, floods: { "dr-gateway": [200], mercurius: [] } };
const eventsPerSecond = 10;

export async function run({ short, only = "" }: PartOptions): Promise<Section> {
  const size = short ? small : full;
  const names: string[] = [];
  const isWanted = (what: string) => {
    names.push(what);
    return what.includes(only);
  };
  await using open = new AsyncDisposableStack();
  const server = open.use(await startBenchServer());
  const planIds = await plansFor(server, Object.values(size.floods).flat().length, size.vms);
  const product = open.use(await startProduct(server.url)); // first: it makes the administrator only where there is no other user
  const tokens = await subscribersIn(server.database, Math.max(...size.sockets));
  const mercurius = open.use(await startMercurius(server.url));
  const pace: Round<Paced>[] = [];
  const says = (what: string) => void process.stderr.write(`${what}\n`);
  for (const sockets of size.sockets) {
    for (const peer of [product, mercurius]) {
      const options = { tokens: tokens.slice(0, sockets), eventsPerSecond, warmSeconds: size.warmSeconds, seconds: size.seconds };
      const what = `${who({ name: peer.name, sockets })} at ${eventsPerSecond} events a second`;
      if (!isWanted(what)) continue;
      says(what);
      const figures = await paced(server, peer, options);
      says(`  p99 ${figure(figures.p99)} ms, ${figure(figures.serverUs)} µs`);
      pace.push({ name: peer.name, sockets, figures });
    }
  }
  pace.sort((one, other) => one.sockets - other.sockets);
  const floods: Round<Flood>[] = [];
  const wished: [StreamServer, readonly number[]][] = [
    [product, size.floods["dr-gateway"]],
    [mercurius, size.floods.mercurius],
  ];
  for (const [peer, counts] of wished) {
    for (const [at, sockets] of counts.entries()) {
      const withSilent = !short && peer === product && at === 0;
      const options = { tokens: tokens.slice(0, sockets), planId: planIds[floods.length] ?? "", withSilent };
      const what = `${who({ name: peer.name, sockets })} at full speed`;
      if (!isWanted(what)) continue;
      says(what);
      floods.push({ name: peer.name, sockets, figures: await flood(server, product, peer, options) });
    }
  }
  chosenOf(names, only);
  return {
    title: "Streams",
    wrong: [...pace, ...floods].flatMap(({ name, sockets, figures }) =>
      figures.wrong.map((what) => `${name}, ${sockets} sockets: ${what}`),
    ),
    tables: [pacedTable(pace), memoryTable(pace), floodTable(floods, size.vms), goalTable(goals(pace, floods))],
  };
}

const who = ({ name, sockets }: Omit<Round<unknown>, "figures">) => `${name}, ${sockets.toLocaleString("en")} sockets`;

const pacedTable = (rounds: readonly Round<Paced>[]): Table => ({
  title: `One run at ${eventsPerSecond} events a second`,
  columns: [
    "who",
    "p50 ms",
    "p99 ms",
    "slowest ms",
    "events/message",
    "server µs/event",
    "µs/message",
    "PostgreSQL µs/event",
    "server cores",
    "clients µs/event",
  ],
  rows: rounds.map((round) => {
    const { p50, p99, slowest, delivered, messages, serverUs, databaseUs, serverCores, clientUs } = round.figures;
    const perMessage = delivered / messages;
    return [who(round), ...[p50, p99, slowest, perMessage, serverUs, serverUs * perMessage, databaseUs, serverCores, clientUs].map(figure)];
  }),
  notes: [
    "From the time that an event bears, just before its commit, to its being read in another process of the same machine, which looks every 4 ms. Both deliver at most each 100 ms.",
    "CPU for each event that was delivered to one subscriber. dr-gateway asks at each event whether the session of each subscriber still holds; mercurius asks nobody.",
    "Who can't keep up delivers more events in one message, which is cheaper for each event, and later.",
  ],
});

const memoryTable = (rounds: readonly Round<Paced>[]): Table => ({
  title: "Memory for each subscriber, with its socket",
  columns: ["who", "idle KiB", "busy KiB", "process KiB"],
  rows: rounds.map((round) => [who(round), ...[round.figures.idleKib, round.figures.busyKib, round.figures.processKib].map(figure)]),
  notes: ["Alive after a collection while nothing happens, and while events come; and what the process has grown by."],
});

const floodTable = (rounds: readonly Round<Flood>[], vms: number): Table => ({
  title: `A test of ${vms} VMs on a lab without latencies, from resuming it to its end`,
  columns: [
    "who",
    "events",
    "s",
    "delivered/s",
    "p50 ms",
    "p99 ms",
    "slowest ms",
    "server µs/event",
    "before MiB",
    "peak MiB",
    "alive before",
    "alive after",
  ],
  rows: rounds.map((round) => {
    const { events, seconds, delivered, p50, p99, slowest, serverUs, processMib, peakMib, aliveBeforeMib, aliveAfterMib } = round.figures;
    const cells = [events, seconds, delivered / seconds, p50, p99, slowest, serverUs, processMib, peakMib, aliveBeforeMib, aliveAfterMib];
    return [who(round), ...cells.map(figure)];
  }),
  notes: [
    "dr-gateway's process drives the run, too; beside mercurius it does that alone.",
    ...rounds.flatMap(({ figures: { silence, events } }) =>
      silence === null
        ? []
        : [
            `One that stopped reading was ended after ${figure(silence.seconds)} s, and had seen ${silence.seen} of ${events} events once it had come back.`,
          ],
    ),
  ],
});

function goals(pace: readonly Round<Paced>[], floods: readonly Round<Flood>[]): Goal[] {
  const at = (name: ServerName, sockets: number) => pace.find((round) => round.name === name && round.sockets === sockets)?.figures ?? null;
  const most = Math.max(...pace.map(({ sockets }) => sockets));
  const ratio = (sockets: number) => {
    const [own, theirs] = [at("dr-gateway", sockets), at("mercurius", sockets)];
    return own && theirs && own.serverUs / theirs.serverUs;
  };
  const ours = floods.filter(({ name }) => name === "dr-gateway");
  const lost = ours.reduce((sum, { figures }) => sum + figures.wrong.length, 0);
  return [
    {
      what: `${pace.length > 0 ? most : "The most"} sockets at ${eventsPerSecond} events a second: p99`,
      measured: at("dr-gateway", most)?.p99 ?? null,
      goal: 250,
      better: "less",
      unit: "ms",
    },
    ...[...new Set(pace.map(({ sockets }) => sockets))].map(
      (sockets): Goal => ({
        what: `CPU for a delivered event, of mercurius', ${sockets} sockets`,
        measured: ratio(sockets),
        goal: 1,
        better: "less",
        unit: "×",
      }),
    ),
    {
      what: "At full speed: rounds in which something was lost",
      measured: ours.length > 0 ? lost : null,
      goal: 0,
      better: "less",
      unit: "",
    },
    {
      what: "One that stops reading is ended within",
      measured: floods.find(({ figures }) => figures.silence !== null)?.figures.silence?.seconds ?? null,
      goal: 30,
      better: "less",
      unit: "s",
    },
  ];
}
