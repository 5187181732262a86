/** Whether sessions are still exactly as they were: asked for each event of each subscriber, and hardly ever answered with no. */
import type pg from "pg";
import { batched } from "../batching.ts";

/** A session and its user as they were read: both rows have a new version whenever anything of them is written. */
export interface SessionVersion {
  readonly sessionId: string;
  readonly session: string;
  readonly user: string;
}

/** A version with a text of its own. */
interface Check extends SessionVersion {
  readonly text: string;
}

/** Answers only those that have changed, so that thousands that have not cost next to nothing here. One that is expired has changed, too. */
const changed = `SELECT k.id FROM unnest($1::uuid[], $2::xid[], $3::xid[]) AS k (id, session, user_account)
  WHERE NOT EXISTS (SELECT FROM session s JOIN user_account u ON u.id = s.user_id
    WHERE s.id = k.id AND s.xmin = k.session AND u.xmin = k.user_account AND s.expires_at > dr_now())`;

/** Asks the database whether session and user are still exactly as they were found. */
export type SessionCheck = (answer: (holds: boolean) => void, fail: (error: unknown) => void) => void;

/** Makes what asks, in one statement for all who ask meanwhile. */
export function openSessionChecks(pool: Pick<pg.Pool, "query">): (version: SessionVersion) => SessionCheck {
  const checks = batched<Check, boolean>({
    identity: ({ text }) => text,
    fetch: async (versions) => {
      const values = [
        arrayOf(versions.map(({ sessionId }) => sessionId)),
        arrayOf(versions.map(({ session }) => session)),
        arrayOf(versions.map(({ user }) => user)),
      ];
      const { rows } = await pool.query<{ id: string }>({ name: "sessions-changed", text: changed, values });
      if (rows.length === 0) return () => true;
      const ids = new Set(rows.map(({ id }) => id));
      return ({ sessionId }) => !ids.has(sessionId);
    },
  });
  return (version) => {
    const check = { ...version, text: `${version.sessionId} ${version.session} ${version.user}` };
    const keys = [check];
    return (answer, fail) => checks.ask({ keys, answer: (find) => answer(find(check)), fail });
  };
}

/** As PostgreSQL reads an array of ids and numbers; the driver would look for what to escape in each. */
const arrayOf = (texts: readonly string[]): string => `{${texts.join(",")}}`;
