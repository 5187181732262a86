/** What the changes of configuration have in common. */
import { ForbiddenError } from "./errors.ts";
import { holds, type Viewer } from "./viewer.ts";

/** Of a field: what is left out stays as it is, null goes back to the default. */
export const kept = <T>(wish: T | null | undefined, there: T, otherwise: T): T => (wish === undefined ? there : (wish ?? otherwise));

/** Commands are a SCRIPT_EDITOR's, everything else an EDITOR's; what stays as it is needs neither. Throws ForbiddenError. */
export function checkEditor(viewer: Pick<Viewer, "roles">, changes: { readonly commands: boolean; readonly others: boolean }): void {
  if (changes.commands && !holds(viewer, "SCRIPT_EDITOR")) throw new ForbiddenError("SCRIPT_EDITOR");
  if (changes.others && !holds(viewer, "EDITOR")) throw new ForbiddenError("EDITOR");
}
