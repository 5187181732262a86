/** What can be done with reports: asking for one, and fetching its content. */
import { v7 as newId } from "uuid";
import type { PageSize, ReportFormat, ReportType } from "../../database/generated/enums.ts";
import { enqueue } from "../../jobs/queue.ts";
import { ConflictError, NotFoundError } from "../errors.ts";
import { fieldErrors } from "../field-errors.ts";
import { encodeId } from "../ids.ts";
import { mutate } from "../mutation.ts";
import type { ServiceContext } from "../service-context.ts";
import { checkSignature, type GivenSignature, type SignatureCheck, signedPath } from "../signed-link.ts";
import { openSigningKey } from "../signing-key.ts";
import type { Viewer } from "../viewer.ts";
import { reportQueue } from "./job.ts";
import { reportLink } from "./link.ts";

export interface GenerateReportInput {
  readonly type: ReportType;
  readonly format: ReportFormat;
  readonly pageSize: PageSize;
  readonly rangeStart: Date;
  readonly rangeEnd: Date;
  readonly planIds: readonly string[];
  readonly idempotencyKey?: string | null | undefined;
}

export interface RequestedReport extends Readonly<Record<string, string>> {
  readonly reportId: string;
}

export interface Reports {
  /** Rejects with a DomainError when nothing was done; the key gets the first answer again. */
  generate(viewer: Viewer, input: GenerateReportInput): Promise<RequestedReport>;
  /** A new link each time, by the gateway's clock. */
  signedPath(reportId: string): Promise<string>;
  checkSignature(reportId: string, given: GivenSignature): Promise<SignatureCheck>;
}

/** A user's that are being made. */
export const mostAtOnce = 10;
const mostPlans = 250;
const mostDays = 3_660;

export function createReports(context: ServiceContext, now: () => number = Date.now): Reports {
  const key = openSigningKey(context.database.pool, reportLink.purpose);
  return {
    async generate(viewer, input) {
      check(input);
      const { type, format, pageSize, rangeStart, rangeEnd } = input;
      const planIds = [...new Set(input.planIds)];
      const reportId = newId();
      const answer = await mutate(context, viewer, {
        mutation: "generateComplianceReport",
        input: { ...input },
        answer: { reportId },
        async act(client) {
          await checkPlans(client, planIds);
          await checkRoom(client, viewer);
          const values = [reportId, type, format, pageSize, rangeStart, rangeEnd, planIds, viewer.userId, viewer.name];
          await client.query(insertText, values);
          await enqueue(client, reportQueue, [reportId]);
          return [{ kind: "REPORT_CHANGED", id: reportId, change: "CREATED" }];
        },
      });
      context.due(reportQueue);
      return answer;
    },
    signedPath: async (reportId) => signedPath(reportLink, await key(), reportId, now()),
    checkSignature: async (reportId, given) => checkSignature(reportLink, await key(), reportId, given, now()),
  };
}

const insertText = `INSERT INTO report (id, type, format, page_size, range_start, range_end, plan_ids, requested_by_id, requested_by)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;

function check({ rangeStart, rangeEnd, planIds }: GenerateReportInput): void {
  const errors = fieldErrors();
  const days = (rangeEnd.getTime() - rangeStart.getTime()) / 86_400_000;
  if (days <= 0) errors.add(["dateRange", "endDate"], "The end is not part of the range, and has to be later than its start.");
  if (days > mostDays) errors.add(["dateRange", "endDate"], `A range may have ${mostDays} days, and this has ${Math.ceil(days)}.`);
  if (planIds.length > mostPlans)
    errors.add(["planIds"], `A report may name ${mostPlans} plans, and this names ${planIds.length}: leave it out for all.`);
  errors.check();
}

type Client = Parameters<typeof enqueue>[0];

/** A deleted plan is known by the tasks of its runs. */
async function checkPlans(client: Client, planIds: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT x.id FROM unnest($1::uuid[]) AS x (id) WHERE NOT EXISTS (SELECT FROM recovery_plan p WHERE p.id = x.id)
      AND NOT EXISTS (SELECT FROM task t WHERE t.target_id = x.id AND t.target_type = 'RECOVERY_PLAN') LIMIT 1`,
    [planIds],
  );
  if (rows[0] !== undefined) throw new NotFoundError("RecoveryPlan", encodeId("RecoveryPlan", rows[0].id));
}

/** Two requests at once wait for each other at the user's row. */
async function checkRoom(client: Client, { userId }: Viewer): Promise<void> {
  await client.query("SELECT FROM user_account WHERE id = $1 FOR NO KEY UPDATE", [userId]);
  const { rows } = await client.query<{ count: number }>(
    "SELECT count(*)::int4 AS count FROM report WHERE requested_by_id = $1 AND state = 'GENERATING'",
    [userId],
  );
  const current = rows[0]?.count ?? 0;
  if (current < mostAtOnce) return;
  const message = `${current} reports that you asked for are being made, and there may be ${mostAtOnce} at once.`;
  throw new ConflictError(message, "Wait until one of them is done.", { limit: mostAtOnce, current });
}
