/** What the tests of a file are called, groups before them, as they stand in its source: a title that is made from a table keeps its placeholders. */
import { readFileSync } from "node:fs";
import ts from "typescript";

/** "group › title", for each test. */
export function titlesOf(path: string): readonly string[] {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest);
  const titles: string[] = [];
  const visit = (node: ts.Node, groups: readonly string[]): void => {
    const call = ts.isCallExpression(node) ? testCall(node) : null;
    if (call?.isGroup === false) titles.push([...groups, call.title].join(" › "));
    else if (call !== null) for (const argument of call.rest) visit(argument, [...groups, call.title]);
    else ts.forEachChild(node, (child) => visit(child, groups));
  };
  visit(source, []);
  return titles;
}

interface TestCall {
  readonly isGroup: boolean;
  readonly title: string;
  readonly rest: readonly ts.Node[];
}

/** describe("…", …), it("…", …), and both with a table before: it.each([…])("…", …). */
function testCall({ expression, arguments: [first, ...rest] }: ts.CallExpression): TestCall | null {
  const name = nameOf(expression);
  const title = first && textOf(first);
  return title === undefined || title === null || (name !== "describe" && name !== "it")
    ? null
    : { isGroup: name === "describe", title, rest };
}

/** What is called, without its table. */
function nameOf(called: ts.Expression): string | null {
  if (ts.isIdentifier(called)) return called.text;
  const isTable = ts.isCallExpression(called) && ts.isPropertyAccessExpression(called.expression) && called.expression.name.text === "each";
  return isTable && ts.isPropertyAccessExpression(called.expression) ? nameOf(called.expression.expression) : null;
}

function textOf(node: ts.Node): string | null {
  if (ts.isStringLiteralLike(node)) return node.text;
  return ts.isTemplateExpression(node)
    ? [node.head, ...node.templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join("…")
    : null;
}
