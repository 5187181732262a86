/** One run as a document of the reports' kind. Of what is edited after the end nothing is in it: the same run gives the same document. Pure. */
import type { ChainHead } from "../../../events/heads.ts";
import { factsHash } from "../../documents/facts-hash.ts";
import { ganttOf } from "../../documents/gantt.ts";
import type { Figure, Level, ReportDocument, Section, Table, Unit, Value } from "../../documents/model.ts";
import { column, cut, mostRows, timeOf } from "../../documents/tables.ts";
import { encodeId } from "../../ids.ts";
import { warningsOf } from "../../recoveries/types/recovery.ts";
import type { PromptRow, RecoveryRow, StepRow } from "../../recoveries/types/refs.ts";
import { dateOf, secondsOf } from "../../recoveries/types/step.ts";

export interface RunFacts {
  readonly run: Readonly<RecoveryRow>;
  readonly endedAt: Date;
  readonly steps: readonly StepRow[];
  readonly prompts: readonly Readonly<PromptRow>[];
  readonly head: ChainHead;
}

const levels: Readonly<Record<string, Level>> = { SUCCESS: "GOOD", WARNING: "GOOD", PARTIAL: "BAD", FAILED: "BAD" };

export function runDocument(facts: RunFacts): ReportDocument {
  const { run, endedAt } = facts;
  const document = {
    type: "RECOVERY" as const,
    title: `Evidence of a recovery: ${run.planName}`,
    pageSize: "A4" as const,
    rangeStart: run.requestedAt.toISOString(),
    rangeEnd: endedAt.toISOString(),
    madeAt: endedAt.toISOString(),
    madeFor: run.initiatedBy,
    plans: [run.planName],
    verdict: { level: levels[run.resultState ?? ""] ?? "NOT_JUDGED", sentence: `The run ended with the result ${run.resultState}.` },
    summary: figuresOf(facts),
    sections: sectionsOf(facts),
  };
  return { ...document, factsHash: factsHash(document) };
}

function figuresOf({ run, endedAt, steps }: RunFacts): Figure[] {
  const figure = (name: string, label: string, value: Value, unit: Unit, definition: string): Figure => ({
    name,
    label,
    value,
    unit,
    definition,
  });
  const seconds = Math.round((endedAt.getTime() - (run.startedAt ?? run.requestedAt).getTime()) / 1_000);
  return [
    figure("kind", "Kind", run.kind, "TEXT", "What the run did."),
    figure("result", "Result", run.resultState, "TEXT", "How it went as a whole."),
    figure("startedAt", "Started", timeOf(run.startedAt), "TIME", "When its first step could start."),
    figure("seconds", "Duration", seconds, "SECONDS", "From its start to its end."),
    figure("vms", "VMs", run.vmCount, "COUNT", "VMs that it was to recover, or to reprotect."),
    figure("vmsRecovered", "VMs up", run.vmsSucceeded, "COUNT", "VMs that it recovered, or reprotected."),
    figure("vmsFailed", "VMs failed", run.vmsFailed, "COUNT", "VMs that failed, or were skipped because of another one."),
    figure("rtoSeconds", "RTO", run.rtoAchievedSeconds, "SECONDS", "From the request to the last VM that was ready, where all came up."),
    figure("rpoSeconds", "RPO", run.rpoAchievedSeconds, "SECONDS", "Age of the oldest recovery point used when the run was asked for."),
    figure("steps", "Steps", steps.length, "COUNT", "Steps of its tree, with those that hold others."),
    figure("warnings", "Warnings", run.warningsCount, "COUNT", "Different warnings, its steps' too."),
  ];
}

function sectionsOf({ run, endedAt, steps, prompts, head }: RunFacts): Section[] {
  const { chart } = ganttOf({
    planId: run.planId ?? run.id,
    planName: run.planName,
    kind: run.kind,
    requestedAt: run.requestedAt.getTime(),
    endedAt: endedAt.getTime(),
    now: endedAt.getTime(),
    steps,
  });
  const section = (title: string, text: string, part: Partial<Section>): Section => ({
    ...{ title, text, verdict: null, figures: [], charts: [], tables: [] },
    ...part,
  });
  const said = [...run.errors, ...warningsOf(run.warnings).map(({ message }) => message)];
  return [
    section("Course", said.join(" "), steps.length === 0 ? {} : { charts: [chart] }),
    section("Steps", "", { tables: [stepTable(steps)] }),
    section("Answers", "", { tables: [promptTable(prompts)] }),
    section("Evidence", `Run ${encodeId("Recovery", run.id)}: ${head.eventCount} events, head hash ${head.headHash ?? "none"}.`, {}),
  ];
}

const stepTable = (steps: readonly StepRow[]): Table => ({
  name: "steps",
  title: "Steps",
  columns: [
    column("number", "Number"),
    column("name", "Step"),
    column("status", "Status"),
    column("attempt", "Attempt", "COUNT"),
    column("startedAt", "Started", "TIME"),
    column("seconds", "Duration", "SECONDS"),
    column("message", "Message"),
  ],
  rows: steps
    .slice(0, mostRows)
    .map(({ path, name, status, attempt, startedAt, endedAt, message, errors }) => [
      path,
      name,
      status,
      attempt,
      timeOf(dateOf(startedAt)),
      secondsOf({ startedAt, endedAt }),
      [...(message === null ? [] : [message]), ...errors.filter((error) => error !== message)].join(" "),
    ]),
  note: steps.length > mostRows ? `The first ${mostRows} of ${steps.length}; steps.csv has all.` : null,
});

const promptTable = (prompts: readonly Readonly<PromptRow>[]): Table => ({
  name: "answers",
  title: "Prompts and their answers",
  columns: [
    column("prompt", "Prompt"),
    column("openedAt", "Opened", "TIME"),
    column("answer", "Answer"),
    column("answeredBy", "By"),
    column("answeredAt", "Answered", "TIME"),
  ],
  rows: prompts
    .slice(0, mostRows)
    .map(({ name, openedAt, answer, answeredBy, answeredAt }) => [name, timeOf(openedAt), answer, answeredBy, timeOf(answeredAt)]),
  note: prompts.length === 0 ? "There was none." : cut(Math.min(prompts.length, mostRows), prompts.length, "first"),
});
