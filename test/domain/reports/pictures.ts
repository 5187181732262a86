/** A PDF as people see it: its pages as pictures, and the text that can be selected in it. */
import { PDFiumLibrary } from "@hyzyla/pdfium";

export interface Page {
  readonly text: string;
  readonly width: number;
  readonly height: number;
  /** RGBA, four bytes for each pixel. */
  readonly pixels: Uint8Array;
  /** In points. */
  readonly size: { readonly width: number; readonly height: number };
}

let library: Promise<Awaited<ReturnType<typeof PDFiumLibrary.init>>> | null = null;

/** `scale` 1: a pixel for each point. */
export async function pagesOf(pdf: Uint8Array, scale = 1, most = 100): Promise<Page[]> {
  library ??= PDFiumLibrary.init();
  const document = await (await library).loadDocument(Buffer.from(pdf));
  try {
    const pages: Page[] = [];
    for (const page of document.pages()) {
      if (pages.length === most) break;
      const { originalWidth, originalHeight } = page.getOriginalSize();
      const text = page.getText(); // before it is rendered: that closes the page
      const { data, width, height } = await page.render({ scale, render: "bitmap" });
      pages.push({ text, width, height, pixels: data, size: { width: originalWidth, height: originalHeight } });
    }
    return pages;
  } finally {
    document.destroy();
  }
}

/** Whether something is drawn on a page, and how many pixels of it are where no printer reaches: nothing may run off the paper. */
export function inkOf({ pixels, width, height }: Page): { inside: boolean; margin: number } {
  let [inside, margin] = [false, 0];
  for (let at = 0; at < width * height; at++) {
    if ((pixels[4 * at] ?? 255) > 200 && (pixels[4 * at + 1] ?? 255) > 200) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    if (x < 30 || y < 30 || x > width - 30 || y > height - 20) margin++;
    else inside = true;
  }
  return { inside, margin };
}
