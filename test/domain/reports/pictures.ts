/** A PDF as people see it: its pages as pictures, and the text that can be selected in it. */
import { PDFiumLibrary } from "@hyzyla/pdfium";

export interface Page {
  readonly text: string;
  readonly width: number;
  readonly height: number;
  /** BGRA, four bytes for each pixel. */
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
