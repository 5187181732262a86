import { readdirSync, readFileSync } from "node:fs";
import { buildSchema, isEnumType, isInputObjectType, isInterfaceType, isObjectType } from "graphql";
import { describe, expect, it } from "vitest";
import { awsTerms, endpoints, terms, values } from "./reference.ts";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const schema = buildSchema(read("schema.graphql"));
const guides = readdirSync(new URL("../../docs", import.meta.url)).filter((name) => name.endsWith(".md"));
const rest = read("docs/coming-from-rest.md");

const spans = (text: string) => [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
const rows = (text: string) =>
  text.split("\n").flatMap((line) => {
    const [, left, right] = /^\| (.*?) ?\| (.*) \|$/.exec(line) ?? [];
    return left === undefined || right === undefined || left === "---" ? [] : [{ left, right }];
  });

/** What stands under each heading, by the heading. */
const sections = new Map(rest.split(/^#{2,3} /m).map((part) => [part.split("\n", 1)[0] ?? "", part] as const));

function has(typeName: string, member: string): boolean {
  const type = schema.getType(typeName);
  if (isEnumType(type)) return type.getValue(member) !== undefined;
  return (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)) && member in type.getFields();
}

describe("the guide for those who come from REST", () => {
  it.each(Object.entries(endpoints))("names all of %s", (endpoint, names) => {
    const section = sections.get(`\`${endpoint}\``) ?? "";
    const named = new Set(rows(section).flatMap(({ left }) => spans(left)));
    expect(names.split(" ").filter((name) => name !== "" && !named.has(name))).toEqual([]);
    expect(section.split("\n").length, "it says nothing").toBeGreaterThan(2);
  });

  it.each(Object.entries(values))("has the reference's values in %s", (name, list) => {
    const type = schema.getType(name);
    const ours = isEnumType(type) ? type.getValues().map((value) => value.name) : [];
    expect(ours).toEqual(expect.arrayContaining(list.toUpperCase().split(" ")));
    if (name === "ErrorCode") return;
    const row = rows(sections.get("Values") ?? "").find(({ right }) => right === `\`${name}\``);
    expect(spans(row?.left ?? "")).toEqual(list.split(" "));
  });
});

it.each(guides)("docs/%s names nothing that the schema does not have", (name) => {
  const unknown: string[] = [];
  for (const line of read(`docs/${name}`).split("\n")) {
    let type = "";
    for (const span of spans(line)) {
      const [, left, member = ""] = /^([A-Z]\w+)?\.(\w+)$/.exec(span) ?? [];
      if (member === "") continue;
      type = left ?? type;
      if (!has(type, member)) unknown.push(`${type}.${member}`);
    }
  }
  expect(unknown).toEqual([]);
});

describe("the glossary", () => {
  const defined = rows(read("docs/glossary.md")).flatMap(({ left }) => (/\*\*(.*?)\*\*/.exec(left)?.[1] ?? "").split(", "));
  it.each(terms)("defines %s", (term) => {
    expect(defined).toContain(term);
  });
});

it.each(awsTerms)("who knows AWS DRS finds %s", (term) => {
  const theirs = rows(read("docs/coming-from-aws-drs.md")).map(({ left }) => left);
  expect(theirs.some((words) => words.includes(term))).toBe(true);
});

it("each code of an error is explained", () => {
  const type = schema.getType("ErrorCode");
  const explained = rows(read("docs/errors.md")).flatMap(({ left }) => spans(left));
  expect(
    isEnumType(type) &&
      type
        .getValues()
        .map((value) => value.name)
        .filter((code) => !explained.includes(code)),
  ).toEqual([]);
});

it("each close code that a socket is given is explained", () => {
  const said = ["src/gateway/websocket.ts", "src/gateway/socket-operations.ts"].flatMap(
    (name) => read(name).match(/\b(4[0-5]\d\d|10[01]\d)\b(?=,)/g) ?? [],
  );
  expect(said.length).toBeGreaterThan(3);
  const explained = rows(read("docs/subscriptions.md")).map(({ left }) => left.split(" ")[0]);
  expect(said.filter((code) => !explained.includes(code))).toEqual([]);
});
