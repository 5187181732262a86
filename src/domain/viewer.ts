import { ForbiddenError } from "./errors.ts";

export const roles = ["VIEWER", "OPERATOR", "RECOVERY_ADMIN", "EDITOR", "SCRIPT_EDITOR", "ADMIN"] as const;
export type Role = (typeof roles)[number];

/** Who asks: a signed-in user with the session that says so. */
export interface Viewer {
  readonly userId: string;
  readonly name: string;
  /** As they were given; `holds` knows which of them include others. */
  readonly roles: ReadonlySet<Role>;
  readonly sessionId: string;
  readonly expiresAt: Date;
}

/** Every role includes VIEWER, and RECOVERY_ADMIN includes OPERATOR. */
export function holds({ roles: given }: Pick<Viewer, "roles">, role: Role): boolean {
  if (role === "VIEWER") return given.size > 0;
  return given.has(role) || (role === "OPERATOR" && given.has("RECOVERY_ADMIN"));
}

/** What commands write may hold more than a reader should see. */
export const seesOutput = (viewer: Viewer | null): boolean =>
  viewer !== null && (holds(viewer, "OPERATOR") || holds(viewer, "SCRIPT_EDITOR"));

/** For what depends on more than the field: throws ForbiddenError. */
export function requireRole(viewer: Pick<Viewer, "roles">, role: Role): void {
  if (!holds(viewer, role)) throw new ForbiddenError(role);
}
