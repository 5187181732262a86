/** Whether sessions are still exactly as they were: asked for each event of each subscriber, and hardly ever answered with no. */
import type pg from "pg";
import { queryRows } from "../../database/row-tap.ts";
import { batched } from "../batching.ts";
import { type Asker, inOneStatement } from "../one-statement.ts";

/** A session and its user as they were read: both rows have a new version whenever anything of them is written. */
export interface SessionVersion {
  readonly sessionId: string;
  readonly session: string;
  readonly user: string;
  readonly expiresAt: Date;
  /** What `accessVersion` was then. */
  readonly access: string | null;
}

/** A version with a text of its own. */
interface Check extends SessionVersion {
  readonly text: string;
}

/**
 * Another text as soon as any session or user has been changed or removed (a trigger sees to that, at the commit of whoever does), and for
 * another start of the database: what was restored or promoted may be older than what was read. No row: null, and nothing is known.
 */
export const accessVersion =
  "(SELECT concat(v.version, ' ', v.tableoid, ' ', extract(epoch FROM pg_postmaster_start_time())) FROM access_version v WHERE v.id = 1)";

const now = `SELECT ${accessVersion} AS version, (extract(epoch FROM dr_now()) * 1000)::float8 AS ms`;

/** Answers only those that have changed, so that thousands that have not cost next to nothing here. One that is expired has changed, too. */
const changed = `SELECT k.id FROM unnest($1::uuid[], $2::xid[], $3::xid[]) AS k (id, session, user_account)
  WHERE NOT EXISTS (SELECT FROM session s JOIN user_account u ON u.id = s.user_id
    WHERE s.id = k.id AND s.xmin = k.session AND u.xmin = k.user_account AND s.expires_at > dr_now())`;

/** Makes what asks the database whether session and user are still exactly as they were found: once for each event, so nothing is made for each. */
export type SessionCheck = (answer: (holds: boolean) => void, fail: (error: unknown) => void) => () => void;

/**
 * Makes what asks: for all who ask meanwhile whether anything has changed since they were last looked at and what time it is, in one
 * statement; and each session that it may be about by itself, in one statement for all of those.
 */
export function openSessionChecks(pool: Pick<pg.Pool, "query">): (version: SessionVersion) => SessionCheck {
  const checks = batched<Check, boolean>({
    identity: ({ text }) => text,
    fetch: async (versions) => {
      const values = [
        arrayOf(versions.map(({ sessionId }) => sessionId)),
        arrayOf(versions.map(({ session }) => session)),
        arrayOf(versions.map(({ user }) => user)),
      ];
      const rows = await queryRows<{ id: string }>(pool, { name: "sessions-changed", text: changed, values });
      if (rows.length === 0) return () => true;
      const ids = new Set(rows.map(({ id }) => id));
      return ({ sessionId }) => !ids.has(sessionId);
    },
  });
  const read = async () => {
    const rows = await queryRows<{ version: string | null; ms: number }>(pool, { name: "access-version", text: now, values: [] });
    return { version: rows[0]?.version ?? null, ms: rows[0]?.ms ?? Number.POSITIVE_INFINITY };
  };
  const look = inOneStatement(read);
  return (version) => {
    const check = { ...version, text: `${version.sessionId} ${version.session} ${version.user}` };
    const keys = [check];
    const endMs = version.expiresAt.getTime();
    /** Up to here it is known to be unchanged. */
    let { access } = version;
    return (answer, fail) => {
      const asker: Asker<Awaited<ReturnType<typeof read>>> = {
        answer(found) {
          if (found.version !== null && found.version === access) return answer(found.ms < endMs);
          checks.ask({
            keys,
            answer: (find) => {
              const holds = find(check);
              if (holds) access = found.version; // of before the check: what is changed after it has another one
              answer(holds);
            },
            fail,
          });
        },
        fail,
      };
      return () => look(asker);
    };
  };
}

/** As PostgreSQL reads an array of ids and numbers; the driver would look for what to escape in each. */
const arrayOf = (texts: readonly string[]): string => `{${texts.join(",")}}`;
