export const roles = ["VIEWER", "OPERATOR", "RECOVERY_ADMIN", "EDITOR", "SCRIPT_EDITOR", "ADMIN"] as const;
export type Role = (typeof roles)[number];

/** Who asks: a signed-in user with the session that says so. */
export interface Viewer {
  readonly userId: string;
  readonly name: string;
  readonly roles: ReadonlySet<Role>;
  readonly sessionId: string;
  readonly expiresAt: Date;
}
