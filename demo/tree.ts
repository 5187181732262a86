/** The tree of a run as lines of text. Pure: the same steps give the same lines. */
export interface TreeStep {
  readonly path: string;
  readonly name: string;
  readonly status: string;
  readonly message: string | null;
  readonly seconds: number | null;
}

const marks: Readonly<Record<string, string>> = {
  PENDING: "·",
  RUNNING: "▸",
  WAITING: "?",
  SUCCEEDED: "✔",
  ALREADY_DONE: "✔",
  WARNING: "!",
  FAILED: "✘",
  SKIPPED: "-",
  CANCELLED: "-",
};

const colours: Readonly<Record<string, number>> = { RUNNING: 36, WAITING: 35, SUCCEEDED: 32, ALREADY_DONE: 32, WARNING: 33, FAILED: 31 };

export const comparePaths = (a: string, b: string): number => {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
};

export function stepLine(step: TreeStep, colour: boolean): string {
  const depth = step.path.split(".").length - 1;
  const mark = marks[step.status] ?? " ";
  const code = colours[step.status];
  const shown = colour && code !== undefined ? `\u001b[${code}m${mark}\u001b[0m` : mark;
  const told = step.status === "FAILED" || step.status === "WARNING" || step.status === "SKIPPED" ? step.message : null;
  const seconds = step.seconds === null ? "" : ` ${step.seconds.toFixed(1)} s`;
  return `${"  ".repeat(depth)}${shown} ${step.path} ${step.name}${seconds}${told ? ` — ${told}` : ""}`;
}

/** What fits a screen: all that is open, and of what is over only the upper levels. */
export function treeLines(steps: Iterable<TreeStep>, colour: boolean, height: number): string[] {
  const sorted = [...steps].sort((a, b) => comparePaths(a.path, b.path));
  const active = new Set<string>();
  for (const { path, status } of sorted) {
    if (status !== "RUNNING" && status !== "WAITING" && status !== "FAILED") continue;
    const parts = path.split(".");
    for (let length = 1; length <= parts.length; length++) active.add(parts.slice(0, length).join("."));
  }
  const parentOf = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf(".")));
  const open = sorted.filter(({ path }) => !path.includes(".") || active.has(path) || active.has(parentOf(path)));
  const lines = open.map((step) => stepLine(step, colour));
  return lines.length <= height ? lines : [...lines.slice(0, height - 1), `  … ${lines.length - height + 1} more`];
}
