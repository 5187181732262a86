import { describe, expect, it } from "vitest";
import { InvalidRequestError } from "../../src/domain/errors.ts";
import { checkId, checkInt, checkKey, checkName, checkText, fieldError, fieldErrors } from "../../src/domain/field-errors.ts";
import { encodeId } from "../../src/domain/ids.ts";

function pathsOf(check: (errors: ReturnType<typeof fieldErrors>) => void): string[] {
  const errors = fieldErrors();
  check(errors);
  try {
    errors.check();
    return [];
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return error.fieldErrors.map(({ path }) => path.join("."));
  }
}

describe("checking an input", () => {
  it("trims a name, and takes 1 to 255 characters without control characters", () => {
    const errors = fieldErrors();
    expect(checkName(errors, ["name"], "  Web tier ")).toBe("Web tier");
    expect(() => errors.check()).not.toThrow();
    for (const name of ["", "   ", "x".repeat(256), "a\nb", "a\0b", "half \ud800 pair"]) {
      expect(pathsOf((found) => checkName(found, ["name"], name))).toEqual(["name"]);
    }
  });

  it("lets a text have line breaks, but no NUL and no more characters than allowed", () => {
    expect(pathsOf((found) => checkText(found, ["notes"], "two\nlines", 20))).toEqual([]);
    expect(pathsOf((found) => checkText(found, ["notes"], null, 20))).toEqual([]);
    for (const text of ["x".repeat(21), "a\0b", "\udc00"])
      expect(pathsOf((found) => checkText(found, ["notes"], text, 20))).toEqual(["notes"]);
  });

  it("says the range of a number", () => {
    expect(pathsOf((found) => checkInt(found, ["rpoMinutes"], 1, 1, 10_080))).toEqual([]);
    for (const value of [0, 10_081, 1.5]) expect(pathsOf((found) => checkInt(found, ["rpoMinutes"], value, 1, 10_080))).toHaveLength(1);
  });

  it("refuses an idempotency key that stands for every request", () => {
    expect(pathsOf((found) => checkKey(found, ""))).toEqual(["idempotencyKey"]);
    expect(pathsOf((found) => checkKey(found, undefined))).toEqual([]);
  });

  it("takes an id of the right type only, and says what it is otherwise", () => {
    const planId = encodeId("RecoveryPlan", "01900000-0000-7000-8000-000000000000");
    expect(pathsOf((found) => checkId(found, ["planId"], "RecoveryPlan", planId))).toEqual([]);
    expect(pathsOf((found) => checkId(found, ["planId"], "Site", planId))).toEqual(["planId"]);
    expect(pathsOf((found) => checkId(found, ["planId"], "RecoveryPlan", "nonsense"))).toEqual(["planId"]);
    expect(checkId(fieldErrors(), ["planId"], "RecoveryPlan", planId)).toBe("01900000-0000-7000-8000-000000000000");
  });

  it("says everything that is wrong at once, with the path into the input", () => {
    const paths = pathsOf((found) => {
      checkName(found, ["priorityGroups", 0, "name"], "");
      checkInt(found, ["priorityGroups", 0, "priority"], 101, 1, 100);
    });
    expect(paths).toEqual(["priorityGroups.0.name", "priorityGroups.0.priority"]);
    expect(fieldError(["steps", 2], "No.")).toMatchObject({ fieldErrors: [{ path: ["steps", "2"], message: "No." }] });
  });
});
