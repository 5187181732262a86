/** A run as a picture: one line per step, its time as a bar. Pure: the same run gives the same picture. */
import type { StepStatus } from "../../../engine/model.ts";
import { type Bar, barsOf, type GanttRun } from "../../gantt-bars.ts";

const width = 1_200;
const labels = 380;
const right = 80;
const rowHeight = 20;
const head = 74;
const foot = 34;
const longestName = 46;

/** Not by colour alone: each status has its sign, and what did not go well a pattern or a dashed edge. */
const looks = {
  PENDING: { sign: "·", word: "pending" },
  RUNNING: { sign: "▶", word: "running" },
  WAITING: { sign: "⏸", word: "waiting" },
  SUCCEEDED: { sign: "✓", word: "succeeded" },
  WARNING: { sign: "!", word: "warning" },
  FAILED: { sign: "✗", word: "failed" },
  SKIPPED: { sign: "–", word: "skipped" },
  CANCELLED: { sign: "⊘", word: "cancelled" },
  ALREADY_DONE: { sign: "=", word: "already done" },
} as const satisfies Record<StepStatus, { readonly sign: string; readonly word: string }>;

const style = `svg{--paper:#ffffff;--ink:#1b1f24;--dim:#59636e;--line:#d1d9e0;--good:#1a7f37;--warn:#9a6700;--bad:#cf222e;--busy:#0969da;--idle:#818b98;--path:#8250df}
@media (prefers-color-scheme: dark){svg{--paper:#0d1117;--ink:#f0f6fc;--dim:#9198a1;--line:#3d444d;--good:#3fb950;--warn:#d29922;--bad:#f85149;--busy:#4493f8;--idle:#656c76;--path:#d2a8ff}}
text{font:12px system-ui,sans-serif;fill:var(--ink)}.dim{fill:var(--dim)}.title{font-size:16px;font-weight:600}.paper{fill:var(--paper)}.grid{stroke:var(--line)}
.SUCCEEDED,.ALREADY_DONE{fill:var(--good)}.WARNING{fill:var(--warn)}.FAILED{fill:var(--bad)}.RUNNING,.WAITING{fill:var(--busy)}.PENDING,.SKIPPED,.CANCELLED{fill:var(--idle)}
rect.FAILED,rect.CANCELLED{stroke:var(--ink);stroke-dasharray:3 2}rect.WARNING,rect.WAITING{stroke:var(--ink)}.path{fill:none;stroke:var(--path);stroke-width:2}.mark{fill:var(--path);font-weight:700}`;

export function ganttSvg(run: GanttRun): string {
  const bars = barsOf(run);
  const span = Math.max(1_000, (run.endedAt ?? run.now) - run.requestedAt, ...bars.map(({ end }) => end ?? 0));
  const height = head + bars.length * rowHeight + foot;
  const x = (ms: number) => labels + Math.round((ms / span) * (width - labels - right));
  const title = `${run.planName}: ${run.kind}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">`,
    `<title id="title">${escaped(title)}</title><style>${style}</style><rect class="paper" width="${width}" height="${height}"/>`,
    `<text class="title" x="12" y="24">${escaped(shortened(title, 120))}</text>`,
    `<text class="dim" x="12" y="44">${escaped(subtitle(run, span))}</text>`,
    ...scale(span, x, height),
    ...bars.map((bar, index) => row(bar, head + index * rowHeight, x)),
    legend(bars, height),
    "</svg>",
  ].join("\n");
}

const subtitle = ({ requestedAt, endedAt }: GanttRun, span: number): string =>
  `Requested ${new Date(requestedAt).toISOString()} · ${endedAt === null ? "under way for" : "took"} ${lasting(span)}`;

/** Some five lines at round times. */
function scale(span: number, x: (ms: number) => number, height: number): string[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400];
  const step = (steps.find((seconds) => span / (seconds * 1_000) <= 6) ?? Math.ceil(span / 6_000)) * 1_000;
  return Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => index * step).map(
    (ms) =>
      `<path class="grid" d="M${x(ms)} ${head - 6}V${height - foot}"/><text class="dim" x="${x(ms)}" y="${head - 12}" text-anchor="middle">${lasting(ms)}</text>`,
  );
}

function row(bar: Bar, y: number, x: (ms: number) => number): string {
  const { sign, word } = looks[bar.status];
  const indent = 12 + Math.min(bar.depth - 1, 6) * 14;
  const name = bar.folded > 0 ? `${bar.name} (${bar.folded} VMs)` : bar.name;
  const label = `<text class="${bar.status}" x="${indent}" y="${y + 14}">${sign}</text><text x="${indent + 16}" y="${y + 14}">${escaped(shortened(name, longestName))}</text>`;
  const mark = bar.critical ? `<text class="mark" x="${labels - 14}" y="${y + 14}">◆</text>` : "";
  return `<g><title>${escaped(`${name}: ${word}${timeOf(bar)}`)}</title>${label}${mark}${barOf(bar, y, x)}</g>`;
}

function barOf({ start, end, status, critical }: Bar, y: number, x: (ms: number) => number): string {
  if (start === null || end === null) return "";
  const size = `x="${x(start)}" y="${y + 3}" width="${Math.max(2, x(end) - x(start))}" height="${rowHeight - 6}"`;
  const length = `<text class="dim" x="${x(end) + 6}" y="${y + 14}">${lasting(end - start)}</text>`;
  return `<rect class="${status}" ${size}/>${critical ? `<rect class="path" ${size}/>` : ""}${length}`;
}

function timeOf({ start, end, critical }: Bar): string {
  if (start === null || end === null) return "";
  return `, ${lasting(end - start)} from ${lasting(start)} on${critical ? ", on the critical path" : ""}`;
}

/** Only what is in the picture. */
function legend(bars: readonly Bar[], height: number): string {
  const there = [...new Set(bars.map(({ status }) => status))].sort();
  const words = there.map((status) => `${looks[status].sign} ${looks[status].word}`);
  return `<text class="dim" x="12" y="${height - 12}">${[...words, "◆ critical path"].join("   ")}</text>`;
}

export function lasting(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (h > 0) return `${h} h ${m} min`;
  return m > 0 ? `${m} min ${s} s` : `${s} s`;
}

/** By characters, so that none is cut in two. */
function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}

/** As text of XML: what XML has no place for at all is left out. */
const escaped = (text: string): string =>
  text
    .toWellFormed()
    .replace(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, "")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
