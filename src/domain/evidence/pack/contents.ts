/** The files of a pack, each made when its turn comes: only the steps are held whole. */
import type pg from "pg";
import { chainedEvents } from "../../../events/verify.ts";
import type { Context } from "../../context.ts";
import { pdfOf } from "../../documents/writers/pdf.ts";
import { encodeId } from "../../ids.ts";
import { pictureOf } from "../../recoveries/gantt/service-picture.ts";
import type { RecoveryRow } from "../../recoveries/types/refs.ts";
import { treeOf } from "../../recoveries/types/step.ts";
import { runDocument } from "./document.ts";
import { readme } from "./readme.ts";
import { stepsCsv } from "./steps.ts";
import type { PackedFile } from "./zip.ts";

export type EndedRun = Readonly<RecoveryRow> & { readonly endedAt: Date };

/** The events of a run that has ended stay as they are, so that they are read page by page without a snapshot. */
export async function* packContents(pool: pg.Pool, run: EndedRun, context: Context, signal: AbortSignal): AsyncGenerator<PackedFile> {
  const { endedAt } = run;
  const recoveryId = encodeId("Recovery", run.id);
  const head = (await context.loaders.chainHeadOfRun.load(run.id)) ?? { recoveryId: run.id, eventCount: 0, headHash: null };
  const facts = { ...run, ...head, recoveryId, endedAt, resultState: run.resultState ?? "none" };
  yield { name: "readme.txt", pieces: [readme(facts)] };
  yield { name: "events.jsonl", pieces: eventLines(pool, run.id, signal) };
  const steps = (await treeOf(run.id, context)).all();
  yield { name: "gantt.svg", pieces: [pictureOf(run, steps)] };
  const prompts = await context.loaders.promptsOfRun.load(run.id);
  yield { name: "recovery.pdf", pieces: [await pdfOf(runDocument({ run, endedAt, steps, prompts, head }), signal)] };
  yield { name: "steps.csv", pieces: stepsCsv(steps) };
}

async function* eventLines(pool: pg.Pool, recoveryId: string, signal: AbortSignal): AsyncGenerator<string> {
  for await (const page of chainedEvents(pool, recoveryId, signal)) yield page.map(({ line }) => `${line}\n`).join("");
}
