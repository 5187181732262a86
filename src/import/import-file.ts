/**
 * Imports a file: read, checked whole, compared with the database, and written in one transaction; or only compared. What the
 * lab has to be is brought about first: the sites are the outside world, and more of them than the database knows does no harm.
 */
import { z } from "zod";
import type { Database } from "../database/database.ts";
import { Prisma } from "../database/generated/client.ts";
import type { Quotas } from "../domain/quotas.ts";
import { appendChangesStatement } from "../events/changes.ts";
import type { Point, Provider } from "../providers/contract.ts";
import type { Lab } from "../providers/lab/lab.ts";
import { changesOf } from "./announce.ts";
import { check } from "./check.ts";
import { type Current, readCurrent } from "./current.ts";
import type { Tx } from "./current-rows.ts";
import { type Difference, difference } from "./diff.ts";
import { endlessInDrills } from "./drilled.ts";
import { type ImportFile, parseFile } from "./file.ts";
import { hold } from "./hold.ts";
import { inUse } from "./in-use.ts";
import { type Model, merged } from "./items.ts";
import { labDefinition } from "./lab-definition.ts";
import { printDifference } from "./print.ts";
import { ImportError, type Problem } from "./problem.ts";
import { readSource, type Source } from "./source.ts";
import { writeInventory } from "./write-inventory.ts";
import { writeGroups, writePlans } from "./write-protection.ts";
import { writeSettings } from "./write-settings.ts";

export interface ImportOptions {
  readonly database: Database;
  /** Null with `dryRun` only: nothing is brought about then. */
  readonly lab: Pick<Lab, "define" | "provider"> | null;
  /** Of the gateway that works with what is imported. */
  readonly quotas: Quotas;
  readonly path: string;
  readonly dryRun?: boolean;
}

export interface ImportResult extends Difference {
  /** The difference for people. */
  readonly text: string;
}

/** Any number, the same on every node: two imports at once come one after the other. */
const lockKey = 7_264_190_356n;
const transactionMs = 120_000;
/** A file of many thousands of VMs takes seconds to compare, between two statements. */
const patience = Prisma.sql`SELECT set_config('idle_in_transaction_session_timeout', ${`${transactionMs}ms`}, true)`;

/** Throws ImportError with every mistake, and nothing was written. */
export async function importFile({ database, lab, quotas, path, dryRun = false }: ImportOptions): Promise<ImportResult> {
  const source = await readSource(path);
  const parsed = parseFile(source.content);
  if ("problems" in parsed) throw refusal(source, parsed.problems);
  const { file } = parsed;
  const asked = { source, file, quotas };
  const plan = await database.prisma.$transaction((tx) => compare(tx, asked), { timeout: transactionMs });
  const result = { ...plan.difference, text: printDifference(plan.difference) };
  if (dryRun) return result;
  if (lab === null) throw new Error("An import that writes needs the lab.");
  const together = merged(plan.current.model, plan.wanted);
  // Also when the database has it all: the sites may be older than it is.
  await lab.define(labDefinition(file, plan.wanted, together));
  if (plan.difference.changes.length === 0) return result;
  const points = await pointsOf(lab.provider, plan.wanted, together);
  const written = await database.prisma
    .$transaction((tx) => write(tx, asked, points), { timeout: transactionMs })
    .catch((error: unknown) => {
      throw isTaken(error) ? refusal(source, [{ path: [], message: takenMeanwhile }]) : error;
    });
  return { ...written, text: printDifference(written) };
}

interface Asked {
  readonly source: Source;
  readonly file: ImportFile;
  readonly quotas: Quotas;
}

interface Comparison {
  readonly current: Current;
  readonly wanted: Model;
  readonly difference: Difference;
}

async function compare(tx: Tx, { source, file, quotas }: Asked): Promise<Comparison> {
  await tx.$queryRaw(patience);
  const current = await readCurrent(tx);
  const checked = check(file, current.model, quotas);
  if ("problems" in checked) throw refusal(source, checked.problems);
  const found = difference(current.model, checked.wanted);
  const refused = [...(await inUse(tx, found, current, file)), ...(await endlessInDrills(tx, current, file))];
  if (refused.length > 0) throw refusal(source, refused);
  return { current, wanted: checked.wanted, difference: found };
}

/** Compared again while all of it is held: somebody may have changed something since. */
async function write(tx: Tx, asked: Asked, points: ReadonlyMap<string, readonly Point[]>): Promise<Difference> {
  const { file } = asked;
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(${lockKey})`;
  await hold(tx, file);
  const { current, wanted, difference: found } = await compare(tx, asked);
  const together = merged(current.model, wanted);
  const writing = { tx, difference: found, ids: current.ids, file };
  await writeInventory(writing);
  await writeGroups(writing, together, points);
  await writePlans(writing);
  await writeSettings(writing, together);
  const { text, values } = appendChangesStatement(changesOf(found.changes, current.ids, current.model));
  await tx.$executeRawUnsafe(text, ...values); // last: all writers of the log wait for its counter
  return found;
}

/** What the provider has of each group, by its external id. */
async function pointsOf(provider: Provider, wanted: Model, together: Model): Promise<ReadonlyMap<string, readonly Point[]>> {
  const points = new Map<string, readonly Point[]>();
  for (const { externalId, recoverySite } of wanted.groups.values()) {
    const site = together.sites.get(recoverySite.toLowerCase())?.externalId ?? recoverySite;
    points.set(externalId, await provider.recoveryPoints(site, externalId, AbortSignal.timeout(10_000)));
  }
  return points;
}

/** What is new can't be held: a unique name is the last line, whoever wrote the statement. */
const isTaken = (error: unknown): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && (error.code === "P2002" || rawCodeOf(error.meta) === "23505");

function rawCodeOf(meta: unknown): string | null {
  const found = rawError.safeParse(meta);
  return found.success ? found.data.driverAdapterError.cause.originalCode : null;
}

const rawError = z.object({ driverAdapterError: z.object({ cause: z.object({ originalCode: z.string() }) }) });
const takenMeanwhile = "Something that it names was made by somebody else at the same moment. Import it again.";

/** In the order of the file. */
function refusal(source: Source, problems: readonly Problem[]): ImportError {
  const placed = problems.map((problem) => source.place(problem));
  return new ImportError(
    source.file,
    placed.sort((a, b) => a.line - b.line || a.column - b.column),
  );
}
