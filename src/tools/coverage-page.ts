/** Names on the page docs/coverage.md: each is in the schema, or marked as coming. Marks are made by hand, and taken away when the name is there. */
import { type GraphQLSchema, isInputObjectType, isInterfaceType, isObjectType } from "graphql";

const mark = " (coming)";
const marked = /`((?:[A-Z]\w*\.)?[a-z]\w*)((?:[.(][^`]*)?)`( \(coming\))?/g;

export interface NameOnPage {
  /** A field or argument, with its type before it where the page says so: "Site.pairing", "startRecovery". */
  readonly name: string;
  readonly isComing: boolean;
}

export const namesOn = (page: string): readonly NameOnPage[] =>
  [...page.matchAll(marked)].flatMap(([, name, , coming]) => (name === undefined ? [] : [{ name, isComing: coming !== undefined }]));

/** Every field with and without its type, and every argument. */
export function namesOf(schema: GraphQLSchema): ReadonlySet<string> {
  const names = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      names.add(field.name).add(`${type.name}.${field.name}`);
      if ("args" in field) for (const argument of field.args) names.add(argument.name);
    }
  }
  return names;
}

/** The page without the marks of what has come. */
export function coveragePage(page: string, schema: GraphQLSchema): string {
  const there = namesOf(schema);
  return page.replace(marked, (text: string, name: string) =>
    there.has(name) && text.endsWith(mark) ? text.slice(0, -mark.length) : text,
  );
}
