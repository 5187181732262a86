import { changedId, idsOf, type Teller, when, withFacts } from "./teller.ts";

interface Row {
  readonly id: string;
  readonly name: string;
  readonly reason: string | null;
  readonly since: Date;
  readonly heartbeatAt: Date | null;
}

const text = `SELECT s.id, s.name, s.state_reason AS reason, s.state_since AS since, s.heartbeat_at AS "heartbeatAt"
  FROM site s WHERE s.id = ANY($1::uuid[]) AND s.state = 'DISCONNECTED'`;

/** Told once for each time that it is lost. */
export const siteLost: Teller = {
  description: "A site is DISCONNECTED: nothing has been heard of it for longer than DISCONNECTED_AFTER_SECONDS.",
  event: "SITE_CHANGED",
  async tell(client, facts) {
    const { rows } = await client.query<Row>({ name: "notify-sites", text, values: [idsOf(facts, changedId)] });
    return withFacts(rows, facts, changedId).map(({ row, fact }) => ({
      kind: "SITE_LOST",
      key: `${row.id} ${row.since.getTime()}`,
      position: fact.position,
      occurredAt: row.since,
      content: {
        title: `The site ${row.name} is lost`,
        message: `${row.name} is DISCONNECTED.${when(row.reason, ` ${row.reason}`)}${when(row.heartbeatAt, ` It was last heard of at ${row.heartbeatAt?.toISOString()}.`)}`,
        remedy:
          "Find out whether the site itself or only the way to it is down; decide whether its plans are recovered (startRecovery, DISASTER).",
        subject: { type: "Site", id: row.id, name: row.name },
        plan: null,
        details: { since: row.since.toISOString(), lastHeartbeatAt: row.heartbeatAt?.toISOString() ?? null },
      },
    }));
  },
};
