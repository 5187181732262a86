/**
 * Mercurius, as somebody who knows it would set it up for the same: graphql-ws's protocol, one reader of the same log for all subscribers that is
 * woken by the same notifications, at most one delivery each 100 ms, its own pubsub with a topic for each run. It asks nobody for a session.
 */
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

const schema = `
  type Query { ready: Boolean }
  type Subscription { recoveryEvents(recoveryId: ID!, after: String): RecoveryEventBatch }
  type RecoveryEventBatch { cursor: String! events: [RecoveryEvent!]! }
  enum RecoveryEventKind { STEP_CHANGED RECOVERY_STATE_CHANGED PROGRESS PROMPT_OPENED PROMPT_ANSWERED COMMAND_OUTPUT RECOVERY_ENDED }
  enum StepStatus { PENDING RUNNING WAITING SUCCEEDED FAILED SKIPPED CANCELLED ALREADY_DONE WARNING }
  interface RecoveryEvent { sequence: Int! kind: RecoveryEventKind! occurredAt: String! }
  type StepChangedEvent implements RecoveryEvent {
    sequence: Int! kind: RecoveryEventKind! occurredAt: String!
    number: String! name: String! status: String! progressPercent: Int! message: String
  }
  type OtherEvent implements RecoveryEvent { sequence: Int! kind: RecoveryEventKind! occurredAt: String! }
`;

interface Row {
  readonly position: string;
  readonly recovery_id: string;
  readonly sequence: number;
  readonly kind: string;
  readonly occurred_at: Date;
  /** A list: of events that were written together, of which the last one has the row's sequence. */
  readonly payload: Payload | readonly Payload[];
}

type Payload = Readonly<Record<string, unknown>>;

const events = {
  name: "events",
  text: `SELECT position, recovery_id, sequence, kind, occurred_at, payload FROM event
    WHERE position > $1::bigint AND recovery_id IS NOT NULL ORDER BY position LIMIT 500`,
};
const deliveryMs = 100;
const connectionString = process.env.DATABASE_URL;

const app = Fastify();
await app.register(mercurius, {
  schema,
  resolvers: {
    Subscription: {
      recoveryEvents: {
        subscribe: (
          _root: unknown,
          { recoveryId }: { recoveryId: string },
          { pubsub }: { pubsub: { subscribe(topic: string): unknown } },
        ) => pubsub.subscribe(recoveryId),
      },
    },
    RecoveryEvent: { resolveType: ({ kind }: { kind: string }) => (kind === "STEP_CHANGED" ? "StepChangedEvent" : "OtherEvent") },
  },
  jit: 1,
  subscription: true,
  path: "/graphql",
});

const pool = new pg.Pool({ connectionString, max: 2 });
const { rows } = await pool.query<{ value: string }>("SELECT value FROM event_counter WHERE id = 1");
let position = rows[0]?.value ?? "0";
let reading = false;
let again = false;
let notBefore = 0;
let timer: NodeJS.Timeout | null = null;

/** Reads what is new and publishes it, a delivery for each run. */
async function read(): Promise<void> {
  if (reading || timer !== null) {
    again = true;
    return;
  }
  const wait = notBefore - performance.now();
  if (wait > 0) {
    timer = setTimeout(() => {
      timer = null;
      void read();
    }, Math.ceil(wait));
    return;
  }
  reading = true;
  again = false;
  const found = await pool.query<Row>({ ...events, values: [position] });
  reading = false;
  if (found.rows.length > 0) {
    notBefore = performance.now() + deliveryMs;
    position = found.rows.at(-1)?.position ?? position;
    for (const [recoveryId, ofRun] of Map.groupBy(found.rows, (row) => row.recovery_id)) {
      app.graphql.pubsub.publish({ topic: recoveryId, payload: { recoveryEvents: batchOf(recoveryId, ofRun) } });
    }
  }
  if (again || found.rows.length === 500) void read();
}

const batchOf = (recoveryId: string, ofRun: readonly Row[]) => ({
  cursor: Buffer.from(`${recoveryId}.${ofRun.at(-1)?.sequence}`).toString("base64url"),
  events: ofRun.flatMap(eventsOf),
});

function eventsOf({ sequence, kind, occurred_at: at, payload }: Row) {
  const occurredAt = at.toISOString();
  const all: readonly Payload[] = Array.isArray(payload) ? payload : [payload];
  return all.map((one, index) => ({ ...one, sequence: sequence - all.length + 1 + index, kind, occurredAt, number: one.path }));
}

const listener = new pg.Client({ connectionString });
await listener.connect();
listener.on("notification", () => void read());
await listener.query("LISTEN dr_events");
setInterval(() => void read(), 1_000);

app.get("/ready", () => ({ status: "ok" }));
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
