/** Where databases of tests lie. */
import { accessSync, constants, statfsSync } from "node:fs";
import { tmpdir } from "node:os";

/** Many times what the databases that are open together take. */
const roomBytes = 2 * 1024 ** 3;

const memory = "/dev/shm";

/** Where such folders may lie: what has room now may not have had it, and the other way round. */
export const scratchFolders = [memory, tmpdir()];

/** In memory where it has room: a database is cloned and dropped in a tenth of the time that a disk's file system needs for its files. */
export function scratchFolder(): string {
  try {
    accessSync(memory, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(memory);
    return bavail * bsize >= roomBytes ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}
