/** Names in Hebrew and Arabic on paper: words from right to left, in lines that run from left to right. */
import { describe, expect, it } from "vitest";
import { inVisualOrder } from "../../../src/domain/documents/writers/pdf/bidi.ts";

describe("a line of a PDF", () => {
  it.each([
    ["leaves what runs from left to right as it is", "Ψ Бухгалтерия, 2 of 3", ["Ψ Бухгалтерия, 2 of 3"]],
    ["has several words of Hebrew from right to left", "שרתי הנהלת חשבונות", ["חשבונות", " ", "הנהלת", " ", "שרתי"]],
    [
      "keeps a Hebrew name in an English sentence together",
      "in trouble: שרתי ייצור, mail",
      ["in trouble: ", "ייצור", " ", "שרתי", ", mail"],
    ],
    ["writes numbers from left to right, behind the word that they follow", "שרת 2026", ["2026", "", " ", "שרת"]],
    ["has Arabic from right to left as well", "خادم البريد: test", ["البريد", " ", "خادم", ": test"]],
    ["opens brackets towards what they hold", "שרת (ייצור)", [")ייצור(", " ", "שרת"]],
  ])("%s", (_, line, pieces) => {
    expect(inVisualOrder(line)).toEqual(pieces);
  });
});
