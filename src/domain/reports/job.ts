/** Making reports in the background. What is done is written on the report; an attempt that comes twice finds that, or does the same again. */
import { createHash } from "node:crypto";
import type pg from "pg";
import type { ReportFormat } from "../../database/generated/enums.ts";
import { loggedChanges, updatedRows } from "../../events/changes.ts";
import type { JobKind } from "../../jobs/queue.ts";
import { makeDocument, type ReportRequest } from "./make.ts";
import { writers } from "./write.ts";

export const reportQueue = "report";

/** A report can be fetched for so long. */
export const keptHours = 24;

export interface ReportJobOptions {
  readonly pool: pg.Pool;
  /** After a commit: something has changed. */
  readonly announce: () => void;
}

interface Wanted extends ReportRequest {
  readonly format: ReportFormat;
}

const wantedText = `SELECT type, format, page_size AS "pageSize", range_start AS "rangeStart", range_end AS "rangeEnd", plan_ids::text[] AS "planIds",
    requested_by AS "requestedBy"
  FROM report WHERE id = $1 AND state = 'GENERATING'`;

/** One statement: the report and the event that tells of it. */
const changing = (set: string) => `WITH changed_report AS (
    UPDATE report SET ${set} WHERE id = $1 AND state = 'GENERATING' RETURNING id, NULL::text AS name
  ), ${loggedChanges(updatedRows("REPORT_CHANGED", "changed_report"))} SELECT 1`;

const progressText = changing("progress_percent = $2");
const doneText =
  changing(`state = 'COMPLETED', progress_percent = 100, generated_at = dr_now(), expires_at = dr_now() + interval '${keptHours} hours',
    content = $2::bytea, size_bytes = length($2::bytea), checksum = $3`);
const failedText = changing("state = 'FAILED', failure = $2");

export function reportJobs({ pool, announce }: ReportJobOptions): JobKind {
  const change = async (text: string, ...values: unknown[]) => {
    await pool.query(text, values);
    announce();
  };
  return {
    queue: reportQueue,
    concurrency: 1,
    leaseSeconds: 10,
    attempts: 3,
    backOffSeconds: (attempt) => 5 * attempt,
    async work({ key: id }, signal) {
      const { rows } = await pool.query<Wanted>(wantedText, [id]);
      const [wanted] = rows;
      if (wanted === undefined) return;
      try {
        await change(progressText, id, 10);
        const document = await makeDocument(pool, wanted);
        signal.throwIfAborted();
        await change(progressText, id, 50);
        const content = await writers[wanted.format](document, signal);
        signal.throwIfAborted();
        await change(doneText, id, content, createHash("sha256").update(content).digest("hex"));
      } catch (error) {
        throw new Error(reasonOf(error), { cause: error });
      }
    },
    givenUp: ({ key: id }, failure) => change(failedText, id, failure),
  };
}

/** For the report: what a person can do something about; all else is the log's. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ERR_WORKER_OUT_OF_MEMORY")
    return "It became too large to be written. Ask for fewer plans, a shorter range, or another format.";
  if (code === "57014") return "Reading its data took too long. Ask for fewer plans or a shorter range.";
  return "Something went wrong inside the gateway while it was made; the gateway's log says what.";
}
