import type { RunKind } from "../../../database/generated/enums.ts";
import { runName } from "./run-name.ts";
import { type Fact, idsOf, type Teller, when, withFacts } from "./teller.ts";

interface Row {
  readonly id: string;
  readonly name: string;
  readonly message: string;
  readonly dueAt: Date | null;
  readonly defaultAnswer: string | null;
  readonly needsTwoPeople: boolean;
  readonly kind: RunKind;
  readonly planId: string | null;
  readonly planName: string;
}

const text = `SELECT p.id, p.name, p.message, p.due_at AS "dueAt", p.default_answer AS "defaultAnswer", p.needs_two_people AS "needsTwoPeople",
    r.kind, r.plan_id AS "planId", r.plan_name AS "planName"
  FROM recovery_prompt p JOIN recovery r ON r.id = p.run_id
  WHERE p.id = ANY($1::uuid[]) AND p.answer IS NULL AND p.withdrawn_at IS NULL AND r.ended_at IS NULL AND r.cancel_requested_at IS NULL
    AND NOT EXISTS (SELECT FROM drill_occurrence o WHERE o.run_id = r.id AND o.outcome = 'STARTED')`;

const promptId = ({ payload }: Fact) => payload.promptId;

/** One that is answered before anybody could be told is not told, nor one of a drill: its policy answers. */
export const promptWaiting: Teller = {
  description: "A run waits for somebody's answer.",
  event: "PROMPT_OPENED",
  async tell(client, facts) {
    const { rows } = await client.query<Row>({ name: "notify-prompts", text, values: [idsOf(facts, promptId)] });
    return withFacts(rows, facts, promptId).map(({ row, fact }) => ({
      kind: "PROMPT_WAITING",
      key: row.id,
      position: fact.position,
      occurredAt: fact.occurredAt,
      content: {
        title: `${row.planName} waits for an answer: ${row.name}`,
        message: `${runName(row)} asks: ${row.message}${when(row.dueAt, `\nWithout an answer by ${row.dueAt?.toISOString()} it goes on with ${row.defaultAnswer}.`)}`,
        remedy: row.needsTwoPeople ? "Two people have to give the same answer by answerPrompt." : "Answer it by answerPrompt.",
        subject: { type: "Prompt", id: row.id, name: row.name },
        plan: row.planId === null ? null : { type: "RecoveryPlan", id: row.planId, name: row.planName },
        details: { runKind: row.kind, dueAt: row.dueAt?.toISOString() ?? null, defaultAnswer: row.defaultAnswer },
      },
    }));
  },
};
