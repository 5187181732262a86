/** One page that brings all it needs: no script, nothing from elsewhere. Names keep their own direction. Pure. */
import { chartSvg, escaped } from "../charts/svg.ts";
import {
  definitionsOf,
  type Figure,
  levelWords,
  type Measure,
  type ReportDocument,
  type Section,
  type Table,
  type Unit,
  type Verdict,
} from "../model.ts";
import { madeLine, moment, rangeOf, shown } from "./format.ts";
import { htmlStyle } from "./html-style.ts";

export function htmlOf(document: ReportDocument): string {
  const { title, pageSize, verdict, summary, sections } = document;
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">`,
    `<title>${escaped(title)}</title><style>${htmlStyle(pageSize)}</style></head><body><main>`,
    `<header><h1>${escaped(title)}</h1>`,
    `<p>${escaped(rangeOf(document))}</p>`,
    `<p class="dim">${madeLine(document, { time: timeHtml, name: (user) => `<bdi>${escaped(user)}</bdi>` })}</p>`,
    `<p class="dim">SHA-256 of the facts: <code>${document.factsHash}</code></p>`,
    `</header>${verdictHtml(verdict)}`,
    `<section aria-labelledby="summary"><h2 id="summary">Summary</h2>${figuresHtml(summary)}</section>`,
    ...sections.map(sectionHtml),
    definitionsHtml(definitionsOf(document)),
    "</main></body></html>",
    "",
  ].join("\n");
}

const timeHtml = (iso: string): string => `<time datetime="${iso}">${moment(iso)}</time>`;

const verdictHtml = ({ level, sentence }: Verdict): string =>
  `<p class="verdict ${level.toLowerCase().replace("_", "-")}"><strong>${levelWords[level]}</strong> ${escaped(sentence)}</p>`;

function figuresHtml(figures: readonly Figure[]): string {
  if (figures.length === 0) return "";
  const one = ({ label, value, unit }: Figure) => `<div><dt>${escaped(label)}</dt><dd>${escaped(shown(value, unit))}</dd></div>`;
  return `<dl class="figures">${figures.map(one).join("\n")}</dl>`;
}

function sectionHtml({ title, text, verdict, figures, charts, tables }: Section, at: number): string {
  const id = `s${at + 1}`;
  const charted = charts.map(
    (chart, index) =>
      `<figure>${chartSvg(chart, `${id}c${index + 1}`)}<figcaption>${escaped(chart.title)}. ${escaped(chart.summary)}</figcaption></figure>`,
  );
  return [
    `<section aria-labelledby="${id}"><h2 id="${id}"><bdi>${escaped(title)}</bdi></h2>`,
    text === "" ? "" : `<p>${escaped(text)}</p>`,
    verdict === null ? "" : verdictHtml(verdict),
    figuresHtml(figures),
    ...charted,
    ...tables.map((table, index) => tableHtml(table, `${id}t${index + 1}`)),
    "</section>",
  ].join("\n");
}

const isNumber = (unit: Unit): boolean => unit === "COUNT" || unit === "SECONDS" || unit === "PERCENT";

/** What scrolls can be reached by the keyboard. */
function tableHtml({ title, columns, rows, note }: Table, id: string): string {
  const noted = note === null ? "" : `<p class="dim">${escaped(note)}</p>`;
  if (rows.length === 0) return `<h3>${escaped(title)}</h3>${noted}`;
  const right = (unit: Unit) => (isNumber(unit) ? ' class="number"' : "");
  const heads = columns.map(({ label, unit }) => `<th scope="col"${right(unit)}>${escaped(label)}</th>`).join("");
  const lines = rows.map((row) => {
    const cells = columns.map(({ unit }, at) => {
      const words = `<bdi>${escaped(shown(row[at] ?? null, unit))}</bdi>`;
      return at === 0 ? `<th scope="row">${words}</th>` : `<td${right(unit)}>${words}</td>`;
    });
    return `<tr>${cells.join("")}</tr>`;
  });
  return [
    `<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0"><table><caption id="${id}">${escaped(title)}</caption>`,
    `<thead><tr>${heads}</tr></thead><tbody>`,
    ...lines,
    `</tbody></table></div>${noted}`,
  ].join("\n");
}

function definitionsHtml(measures: readonly Measure[]): string {
  const one = ({ label, definition }: Measure) => `<dt>${escaped(label)}</dt><dd>${escaped(definition)}</dd>`;
  return `<section aria-labelledby="definitions"><h2 id="definitions">Definitions</h2><dl class="definitions">${measures.map(one).join("\n")}</dl></section>`;
}
