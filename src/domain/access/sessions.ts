/** Sessions: a token is shown once and stored as its SHA-256; it lives a fixed time from the sign-in on. */
import { hash, randomBytes } from "node:crypto";
import type pg from "pg";
import { v7 } from "uuid";
import { queryRows } from "../../database/row-tap.ts";
import { batchedOne } from "../batching.ts";
import { InvalidRequestError, type UnauthorizedError } from "../errors.ts";
import { failedSignInsPerMinute } from "../quotas.ts";
import { type Role, roles, type Viewer } from "../viewer.ts";
import { type SignIn, WrongPasswordError } from "./caller.ts";
import { verifyPassword } from "./password.ts";
import { mostPasswordLength } from "./rules.ts";
import { accessVersion, openSessionChecks, type SessionCheck } from "./session-checks.ts";
import { createThrottle } from "./throttle.ts";

/** `refusal`: what to tell, where it is more than that. */
export type Authentication =
  | {
      readonly state: "valid";
      readonly viewer: Viewer;
      readonly remainingMs: number;
      /** Whether all of this is still so; without it they are authenticated again. */
      readonly holds?: SessionCheck;
    }
  | { readonly state: "expired"; readonly expiredAt: Date; readonly refusal?: UnauthorizedError }
  | { readonly state: "unknown"; readonly refusal?: UnauthorizedError };

export interface NewSession {
  readonly token: string;
  readonly viewer: Viewer;
  readonly createdAt: Date;
}

export interface Sessions {
  /** Throws UnauthorizedError for an unknown user as for a wrong password, RateLimitError after too many of these. */
  create(given: SignIn, address: string): Promise<NewSession>;
  /** The user whose password this is; null: it is nobody's. Too many of these are RateLimitError, counted with failed sign-ins. */
  verify(given: SignIn, address: string): Promise<VerifiedUser | null>;
  /** False: there was no such session any more, which is as good. */
  remove(token: string): Promise<boolean>;
  /** Always asks the database: a session deleted anywhere is unknown from then on. */
  authenticate(token: string): Promise<Authentication>;
  /** Which of these sessions are over, by deletion, expiry or because the user was disabled. */
  overAmong(sessionIds: readonly string[]): Promise<readonly { readonly id: string; readonly expired: boolean }[]>;
  /** Called with the id of each session that is deleted on this node, at once. Returns what takes the listener away. */
  onRemoved(listener: (sessionId: string) => void): () => void;
  /** After the commit of `endSessionsOf`: tells the listeners. */
  tellRemoved(sessionIds: readonly string[]): void;
}

export interface VerifiedUser {
  readonly id: string;
  /** What the password was verified by. */
  readonly passwordHash: string;
}

interface SessionRow {
  readonly token_hash: Buffer;
  readonly session_id: string;
  readonly expires_at: Date;
  readonly remaining_ms: number;
  readonly user_id: string;
  readonly name: string;
  readonly roles: string[];
  readonly session_version: string;
  readonly user_version: string;
  readonly access_version: string | null;
}

export const isRole = (text: string): text is Role => roles.some((role) => role === text);
const hashOf = (token: string): Buffer => hash("sha256", token, "buffer");

export function openSessions(pool: Pick<pg.Pool, "query">, { sessionHours }: { readonly sessionHours: number }): Sessions {
  const throttle = createThrottle(failedSignInsPerMinute, 60_000);
  const listeners = new Set<(sessionId: string) => void>();
  const tellRemoved = (sessionIds: readonly string[]) => {
    for (const id of sessionIds) for (const listener of listeners) listener(id);
  };
  const checkOf = openSessionChecks(pool);
  const byHash = batchedOne<SessionRow>(
    async (keys) => {
      const hashes = keys.map((key) => Buffer.from(key, "hex"));
      return queryRows<SessionRow>(pool, { name: "session-by-token", text: byToken, values: [hashes] });
    },
    (row) => row.token_hash.toString("hex"),
  );

  /** Null for a name that PostgreSQL can't even hold, as for an unknown one. */
  const userNamed = async (name: string) => {
    if (name.includes("\0")) return null;
    const { rows } = await pool.query<VerifiedUser>({ name: "user-by-name", text: userByName, values: [name] });
    return rows[0] ?? null;
  };

  const verify = async (given: SignIn, address: string): Promise<VerifiedUser | null> => {
    const name = given.user.trim();
    if (name.length > 255 || given.password.length > mostPasswordLength) throw tooLong();
    const user = await userNamed(name);
    const matches = () => verifyPassword(user?.passwordHash ?? null, given.password);
    return (await throttle.attempt(`${name.toLowerCase()} ${address}`, matches)) ? user : null;
  };

  return {
    verify,

    async create(given, address) {
      const user = await verify(given, address);
      if (user === null) throw new WrongPasswordError();
      const token = randomBytes(32).toString("base64url");
      const values = [v7(), hashOf(token), user.id, sessionHours * 3600, user.passwordHash];
      const inserted = await pool.query<{ id: string; created_at: Date; expires_at: Date; name: string; roles: string[] }>({
        name: "session-insert",
        text: insertSession,
        values,
      });
      const [row] = inserted.rows;
      if (!row) throw new WrongPasswordError(); // the user was removed, or the password changed, in between
      const viewer = {
        userId: user.id,
        name: row.name,
        roles: new Set(row.roles.filter(isRole)),
        sessionId: row.id,
        expiresAt: row.expires_at,
      };
      return { token, viewer, createdAt: row.created_at };
    },

    async remove(token) {
      const { rows } = await pool.query<{ id: string }>({ name: "session-delete", text: deleteSession, values: [hashOf(token)] });
      tellRemoved(rows.map(({ id }) => id));
      return rows.length > 0;
    },

    async authenticate(token) {
      const row = await byHash.load(hashOf(token).toString("hex"));
      if (!row) return { state: "unknown" };
      if (row.remaining_ms <= 0) return { state: "expired", expiredAt: row.expires_at };
      const { session_id: sessionId, expires_at: expiresAt, user_id: userId, name, remaining_ms: remainingMs } = row;
      const version = { sessionId, session: row.session_version, user: row.user_version, expiresAt, access: row.access_version };
      const viewer = { userId, name, roles: new Set(row.roles.filter(isRole)), sessionId, expiresAt };
      return { state: "valid", viewer, remainingMs, holds: checkOf(version) };
    },

    async overAmong(sessionIds) {
      const { rows } = await pool.query<{ id: string; expired: boolean }>({ name: "sessions-over", text: over, values: [sessionIds] });
      return rows;
    },

    onRemoved(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    tellRemoved,
  };
}

/** In the transaction that takes the user's access away; all but `keptId`. Answers the ids of those that were not over. */
export async function endSessionsOf(
  client: Pick<pg.ClientBase, "query">,
  userId: string,
  keptId: string | null = null,
): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>({ name: "sessions-of-user-end", text: endOfUser, values: [userId, keptId] });
  return rows.map(({ id }) => id);
}

const tooLong = () =>
  new InvalidRequestError("User or password is too long.", [
    { path: ["user"], message: "At most 255 characters; the password at most 1,024." },
  ]);

const byToken = `
  SELECT s.token_hash, s.id AS session_id, s.expires_at, u.id AS user_id, u.name, u.roles::text[] AS roles,
    s.xmin::text AS session_version, u.xmin::text AS user_version, ${accessVersion} AS access_version,
    (extract(epoch FROM s.expires_at - dr_now()) * 1000)::float8 AS remaining_ms
  FROM session s JOIN user_account u ON u.id = s.user_id
  WHERE s.token_hash = ANY($1::bytea[]) AND s.deleted_at IS NULL AND u.disabled_at IS NULL`;

const userByName = 'SELECT id, password_hash AS "passwordHash" FROM user_account WHERE lower(name) = lower($1) AND disabled_at IS NULL';

/** Locked, and with the password that was checked: what takes the user's access away waits for this, or this for that and finds nothing. */
const insertSession = `
  WITH created AS (
    INSERT INTO session (id, token_hash, user_id, created_at, expires_at)
    SELECT $1::uuid, $2::bytea, u.id, dr_now(), dr_now() + make_interval(secs => $4::float8)
    FROM user_account u WHERE u.id = $3::uuid AND u.disabled_at IS NULL AND u.password_hash = $5 FOR SHARE
    RETURNING id, created_at, expires_at, user_id)
  SELECT c.id, c.created_at, c.expires_at, u.name, u.roles::text[] AS roles FROM created c JOIN user_account u ON u.id = c.user_id`;

const deleteSession = "UPDATE session SET deleted_at = dr_now() WHERE token_hash = $1 AND deleted_at IS NULL RETURNING id";

const endOfUser = `UPDATE session SET deleted_at = dr_now()
  WHERE user_id = $1 AND deleted_at IS NULL AND expires_at > dr_now() AND id IS DISTINCT FROM $2::uuid RETURNING id`;

const over = `
  SELECT asked.id, coalesce(s.deleted_at IS NULL AND u.disabled_at IS NULL AND s.expires_at <= dr_now(), false) AS expired
  FROM unnest($1::uuid[]) AS asked (id) LEFT JOIN session s ON s.id = asked.id LEFT JOIN user_account u ON u.id = s.user_id
  WHERE s.id IS NULL OR s.deleted_at IS NOT NULL OR u.disabled_at IS NOT NULL OR s.expires_at <= dr_now()`;
