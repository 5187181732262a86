/** What a report stands on, so that an auditor can check it: docs/evidence.md. Pure. */
import type { Section, Table } from "../../documents/model.ts";
import { column, cut, timeOf } from "../../documents/tables.ts";
import { encodeId } from "../../ids.ts";
import type { RunHeads } from "../facts/heads.ts";
import { figure } from "./measures.ts";

export const evidence = (facts: RunHeads): Section => ({
  title: "Evidence",
  text: textOf(facts),
  verdict: null,
  figures: [figure("evidenceRuns", facts.count)],
  charts: [],
  tables: facts.count === 0 ? [] : [headTable(facts)],
});

function textOf({ count, together }: RunHeads): string {
  if (together === null) return "No run that has ended is part of this report.";
  const runs = count === 1 ? "the run" : `all ${count} runs`;
  return `The events of each run are a chain of hashes, and its head stands for all of them: npm run verify -- --recovery ID --head HASH proves that they are still what they were when this report was made. SHA-256 over the heads of ${runs}, in this order, each with a line end: ${together}`;
}

const headTable = ({ heads, count }: RunHeads): Table => ({
  name: "evidence",
  title: "Heads of the runs",
  columns: [
    column("plan", "Plan"),
    column("kind", "Kind"),
    column("begun", "Begun", "TIME"),
    column("ended", "Ended", "TIME"),
    column("events", "Events", "COUNT"),
    column("recoveryId", "Id of the run"),
    column("headHash", "Head hash"),
  ],
  rows: heads.map((run) => [
    run.planName,
    run.kind,
    timeOf(run.dated),
    timeOf(run.endedAt),
    run.events,
    encodeId("Recovery", run.id),
    run.headHash,
  ]),
  note: cut(heads.length, count, "newest"),
});
