import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const pages = ["README.md", "CONTRIBUTING.md", ...globSync("{docs,examples}/**/*.md", { cwd: root })];

const read = new Map<string, ReadonlySet<string>>();

/** As GitHub makes them of headings; each file is read once. */
function anchorsOf(file: string): ReadonlySet<string> {
  const known = read.get(file);
  if (known) return known;
  const anchors = new Set(
    [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
  read.set(file, anchors);
  return anchors;
}

it.each(pages)("every link of %s leads somewhere", (page) => {
  const text = readFileSync(join(root, page), "utf8").replace(/^```[\s\S]*?^```/gm, "");
  const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => {
    if (/^https?:/.test(link)) return [];
    const [file, anchor] = link.split("#");
    const target = file ? join(root, dirname(page), file) : join(root, page);
    const found = existsSync(target) && (anchor === undefined || anchorsOf(target).has(anchor));
    return found ? [] : [`${relative(root, target)}#${anchor}`];
  });
  expect(broken).toEqual([]);
});
