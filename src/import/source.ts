/** An import file as text and as content: YAML, and JSON, which is YAML too. Knows where in the text each part of the content stands. */
import { readFile, stat } from "node:fs/promises";
import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import { ImportError, type Path, type PlacedProblem, type Problem } from "./problem.ts";

/** A file of 25,000 VMs has some 20 MB; what is larger is a mistake. */
const maxBytes = 64 * 2 ** 20;

export interface Source {
  readonly file: string;
  readonly content: unknown;
  place(problem: Problem): PlacedProblem;
}

export async function readSource(file: string): Promise<Source> {
  const nowhere = (message: string) => new ImportError(file, [{ file, line: 1, column: 1, path: [], message }]);
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > maxBytes) throw nowhere(`The file has ${size} bytes; ${maxBytes} are the limit.`);
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof ImportError) throw error;
    throw nowhere(`The file can't be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return parseSource(file, text);
}

export function parseSource(file: string, text: string): Source {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number, path: Path, message: string): PlacedProblem => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col, path, message };
  };
  if (document.errors.length > 0) {
    throw new ImportError(
      file,
      document.errors.map(({ pos, message }) => at(pos[0], [], message)),
    );
  }
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    throw new ImportError(file, [at(0, [], error instanceof Error ? error.message : String(error))]);
  }
  return { file, content, place: ({ path, message }) => at(offsetOf(document.contents, path), path, message) };
}

/** Where the part begins: its key, where it has one. What is not there stands where its nearest parent does. */
function offsetOf(root: unknown, path: Path): number {
  let node = root;
  let offset = isNode(root) ? (root.range?.[0] ?? 0) : 0;
  for (const part of path) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined || !isPair(pair)) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      next = pair.value;
    } else if (isSeq(node) && typeof part === "number") {
      next = node.items[part];
      if (isNode(next)) offset = next.range?.[0] ?? offset;
    } else break;
    if (next === undefined) break;
    node = next;
  }
  return offset;
}
