/** What axe does not look at. These run in the page: they can use nothing from outside. */

/** Elements that reach over the window's edge and do not scroll on their own. */
export function tooWide(): string[] {
  const found = [...document.querySelectorAll("body *")].filter((element) => {
    if (element.closest(".scroll") !== null && !element.matches(".scroll")) return false;
    return element.getBoundingClientRect().right > window.innerWidth + 0.5;
  });
  return found.map((element) => `${element.tagName.toLowerCase()}: ${element.textContent.slice(0, 60)}`);
}

/** Words in charts whose contrast with the page is below 4.5 to 1 (WCAG 2, 1.4.3). */
export function faintTexts(): string[] {
  const luminance = (colour: string) => {
    const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
      const share = Number(part) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const paper = luminance(getComputedStyle(document.body).backgroundColor);
  const found = new Set<string>();
  for (const element of document.querySelectorAll("svg text")) {
    const ink = luminance(getComputedStyle(element).fill);
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (contrast < 4.5) found.add(`${element.getAttribute("class")} has ${contrast.toFixed(2)}, and needs 4.5`);
  }
  return [...found];
}

/** Words of usual length in tables that are broken in two, since their column has become too narrow for them. */
export function brokenWords(): string[] {
  const found = new Set<string>();
  for (const cell of document.querySelectorAll("th, td")) {
    const words = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    for (let node = words.nextNode(); node !== null; node = words.nextNode()) {
      for (const { 0: word, index } of node.textContent?.matchAll(/(?<!\S)\S{2,12}(?!\S)/gu) ?? []) {
        const range = document.createRange();
        range.setStart(node, index);
        range.setEnd(node, index + word.length);
        const tops = new Set([...range.getClientRects()].map(({ top }) => Math.round(top / 4)));
        if (tops.size > 1) found.add(`${word} in ${cell.textContent.slice(0, 60)}`);
      }
    }
  }
  return [...found];
}
