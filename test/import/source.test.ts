import { describe, expect, it } from "vitest";
import { parseFile } from "../../src/import/file.ts";
import { ImportError, meant } from "../../src/import/problem.ts";
import { parseSource, readSource } from "../../src/import/source.ts";

/** "line:column message" of everything that is wrong with the text's shape. */
function placed(text: string): string[] {
  const source = parseSource("f.yaml", text);
  const parsed = parseFile(source.content);
  if ("file" in parsed) return [];
  return parsed.problems.map((problem) => source.place(problem)).map(({ line, column, message }) => `${line}:${column} ${message}`);
}

describe("an import file's text", () => {
  it("is refused with line and column where it is not YAML", () => {
    expect(() => parseSource("f.yaml", "version: 1\nsites: [")).toThrow(
      /^f\.yaml can't be imported, and nothing was written:\nf\.yaml:2:\d+: /,
    );
  });

  it("is refused where a key stands twice", () => {
    expect(() => parseSource("f.yaml", "version: 1\nversion: 1\n")).toThrow(/f\.yaml:2:1: Map keys must be unique/);
  });

  it("may be JSON, with the same places", () => {
    expect(placed('{\n  "version": 1,\n  "sites": [\n    { "name": 7, "type": "PROTECTED", "provider": "lab" }\n  ]\n}')).toEqual([
      "4:7 A name is a text; put it in quotes if it looks like a number.",
    ]);
  });

  it("names an unknown field with the one that was meant", () => {
    expect(placed("version: 1\nsites:\n  - name: A\n    type: PROTECTED\n    provider: lab\n    netwroks: []\n")).toEqual([
      "6:5 There is no field netwroks here. Did you mean networks?",
    ]);
  });

  it("lists the fields where nothing near was meant", () => {
    expect(placed("version: 1\nqqqqqqqq: 1\n")[0]).toContain("2:1 There is no field qqqqqqqq here. Fields are version, sites,");
  });

  it("says what is missing at the thing that misses it", () => {
    expect(placed("version: 1\nsites:\n  - name: A\n    provider: lab\n")).toEqual([expect.stringMatching(/^3:5 .*"PROTECTED"/)]);
  });

  it("is refused without its version, or with one of another format", () => {
    expect(placed("sites: []\n")).toEqual(["1:1 The file's version is 1."]);
    expect(placed("version: 2\n")).toEqual(["1:1 The file's version is 1."]);
  });

  it("finds everything that is wrong, not only the first thing", () => {
    const site = "  - name: ' A'\n    type: X\n    provider: lab\n    networks: [{ name: n, vlanId: 9000 }]\n";
    expect(placed(`version: 1\nsites:\n${site}`)).toHaveLength(3);
  });

  it("is refused when it can't be read", async () => {
    await expect(readSource("/nowhere/file.yaml")).rejects.toThrow(/\/nowhere\/file\.yaml:1:1: The file can't be read: ENOENT/);
  });

  it("shows fifty mistakes and counts the others", () => {
    const problem = { file: "f", line: 1, column: 1, path: ["sites", 0, "name"], message: "wrong" };
    const error = new ImportError(
      "f",
      Array.from({ length: 60 }, () => problem),
    );
    expect(error.problems).toHaveLength(50);
    expect(error.message.split("\n").slice(-2)).toEqual(["f:1:1 sites[0].name: wrong", "and 10 more"]);
  });
});

describe("the name that was meant", () => {
  it.each([
    ["db-serer-01", "db-server-01"],
    ["DB-SERVER-1", "db-server-01"],
    ["timeoutSecond", "timeoutSeconds"],
  ])("for %s is %s", (given, wanted) => {
    expect(meant(given, ["web", "db-server-01", "timeoutSeconds"])).toBe(` Did you mean ${wanted}?`);
  });

  it("is none when nothing is near", () => {
    expect(meant("x", ["web", "db-server-01"])).toBe("");
  });
});
