/**
 * The PDF's fonts: DejaVu has Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew and Arabic, and is free. What it lacks (Chinese, Japanese and
 * Korean, mostly) is written as its code point, such as [4E2D]: two names that differ stay different. The other formats have every name whole.
 */
import { createRequire } from "node:module";
import { type Font, openSync } from "fontkit";

const file = (name: string): string => createRequire(import.meta.url).resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`);

export const fontFiles = { regular: file("DejaVuSansCondensed"), bold: file("DejaVuSansCondensed-Bold") } as const;
export type Face = keyof typeof fontFiles;

function open(path: string): Font {
  const font = openSync(path);
  if (!("hasGlyphForCodePoint" in font)) throw new Error(`${path} is a collection of fonts`);
  return font;
}

/** What can be written in a face. Control characters become spaces. */
export function writable(): (text: string, face: Face) => string {
  const fonts = { regular: open(fontFiles.regular), bold: open(fontFiles.bold) };
  const known = new Map<string, string>();
  const one = (character: string, face: Face): string => {
    if (/\p{Cc}/u.test(character)) return " ";
    const point = character.codePointAt(0) ?? 0;
    return fonts[face].hasGlyphForCodePoint(point) ? character : `[${point.toString(16).toUpperCase().padStart(4, "0")}]`;
  };
  return (text, face) => {
    if (/^[\x20-\x7e]*$/.test(text)) return text;
    const key = `${face} ${text}`;
    let found = known.get(key);
    if (found === undefined) {
      found = [...text.toWellFormed()].map((character) => one(character, face)).join("");
      known.set(key, found);
    }
    return found;
  };
}
