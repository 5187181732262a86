/** An archive as it is written, a piece at a time: the same files give the same bytes. */
import { createHash } from "node:crypto";
import { Zip, ZipDeflate } from "fflate";

export interface PackedFile {
  readonly name: string;
  readonly pieces: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;
}

export const sumsName = "SHA256SUMS";

/** The archive's own beginning of time, by the clock of this machine, which is the one that is written: so it is the same on all. */
const noTime = () => new Date(1980, 0, 1);

/** The files in their order, and behind them their checksums as `sha256sum -c` takes them. */
export async function* zipped(files: AsyncIterable<PackedFile> | Iterable<PackedFile>): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const zip = new Zip((error, piece) => {
    if (error) throw error;
    if (piece.length > 0) ready.push(piece);
  });
  const open = (name: string) => {
    const entry = new ZipDeflate(name, { level: 6 });
    entry.mtime = noTime();
    zip.add(entry);
    return entry;
  };
  const sums: string[] = [];
  for await (const { name, pieces } of files) {
    const entry = open(name);
    const sum = createHash("sha256");
    for await (const piece of pieces) {
      const bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
      sum.update(bytes);
      entry.push(bytes);
      yield* ready.splice(0);
    }
    entry.push(new Uint8Array(0), true);
    yield* ready.splice(0);
    sums.push(`${sum.digest("hex")}  ${name}\n`);
  }
  open(sumsName).push(Buffer.from(sums.join("")), true);
  zip.end();
  yield* ready.splice(0);
}
