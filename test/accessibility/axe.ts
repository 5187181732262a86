/** What axe finds in a page, by the rules of WCAG 2 at the levels A and AA. */
import axe from "axe-core";
import type { Page } from "playwright-core";

const levels = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** Each as one text: the rule, the element, and how to mend it. */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.addScriptTag({ content: axe.source });
  const { violations } = await page.evaluate(
    (values) => axe.run({ runOnly: { type: "tag", values }, resultTypes: ["violations"] }),
    levels,
  );
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, target, failureSummary }) => `${id} (${help}) at ${target.join(" ")}\n${html}\n${failureSummary ?? ""}`),
  );
}
