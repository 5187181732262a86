/** The pack of a run for whoever may have it: a viewer with a session, or the bearer of a link that is still good. */
import type pg from "pg";
import type { Context } from "../context.ts";
import { ConflictError, ForbiddenError, NotFoundError, UnauthorizedError } from "../errors.ts";
import { idInPath } from "../ids.ts";
import { type GivenSignature, requireGood } from "../signed-link.ts";
import { seesOutput } from "../viewer.ts";
import { type EndedRun, packContents } from "./pack/contents.ts";
import { zipped } from "./pack/zip.ts";

export interface Pack {
  readonly contentType: string;
  /** Letters, digits, points and dashes. */
  readonly fileName: string;
  /** Made as it is read, once; a failure on its way rejects. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** UnauthorizedError, ForbiddenError, NotFoundError, ConflictError while the run is under way; ServiceUnavailableError when the body is read. */
export async function evidencePack(
  { pool }: { readonly pool: pg.Pool },
  context: Context,
  globalId: string,
  link: GivenSignature | null,
): Promise<Pack> {
  const id = idInPath("Recovery", globalId);
  if (link === null) checkSession(context);
  else requireGood(await context.services.evidence.checkSignature(id, link), "packUrl");
  const run = await context.loaders.recovery.load(id);
  if (run === null) throw new NotFoundError("Recovery", globalId);
  const { endedAt, planName, kind } = run;
  if (endedAt === null) throw new ConflictError("The run is not over, and its evidence would change.", "Wait for its end.");
  const { signal, services } = context;
  async function* body(ended: EndedRun) {
    using _ = await services.evidence.packTurn(signal);
    yield* zipped(packContents(pool, ended, context, signal));
  }
  return { contentType: "application/zip", fileName: fileNameOf(planName, kind, endedAt), body: body({ ...run, endedAt }) };
}

/** Its events have what commands wrote. */
function checkSession({ viewer, refusal }: Pick<Context, "viewer" | "refusal">): void {
  if (viewer === null) throw refusal ?? new UnauthorizedError("This needs a session, or a link that the field packUrl gives.");
  if (!seesOutput(viewer)) throw new ForbiddenError("OPERATOR", "SCRIPT_EDITOR");
}

/** Two runs of a plan may end on one day. */
function fileNameOf(planName: string, kind: string, endedAt: Date): string {
  const words = planName
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, " ")
    .trim()
    .replaceAll(" ", "-")
    .slice(0, 60);
  return ["evidence", words, kind, endedAt.toISOString().slice(0, 19).replaceAll(":", "")]
    .filter((part) => part !== "")
    .join("-")
    .toLowerCase()
    .concat(".zip");
}
