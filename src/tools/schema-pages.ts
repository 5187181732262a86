/** The pages of docs/schema: every name of the schema with its description, each type a link to where it stands. */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
} from "graphql";

interface Page {
  readonly file: string;
  readonly title: string;
  readonly intro: string;
  holds(type: GraphQLNamedType): boolean;
}

const isPage = ({ name }: GraphQLNamedType) => /(Connection|Edge)$|^PageInfo$/.test(name);

/** The first that holds a type has it. */
const typePages: readonly Page[] = [
  { file: "pages.md", title: "Pages of lists", intro: "Connections, as Relay has them: each list has a type of its own.", holds: isPage },
  { file: "objects.md", title: "Objects", intro: "What can be read.", holds: isObjectType },
  { file: "inputs.md", title: "Inputs", intro: "What is given to fields and mutations.", holds: isInputObjectType },
  { file: "enums.md", title: "Enums", intro: "Sets of values. Expect values that are added later.", holds: isEnumType },
  {
    file: "interfaces-and-unions.md",
    title: "Interfaces and unions",
    intro: "What stands for one of several types. Expect types that are added later.",
    holds: (type) => isInterfaceType(type) || isUnionType(type),
  },
  { file: "scalars.md", title: "Scalars", intro: "Single values.", holds: isScalarType },
];

/** The text of each file in docs/schema, those for clients' caches too. */
export function schemaPages(schema: GraphQLSchema): ReadonlyMap<string, string> {
  const roots = [
    { file: "queries.md", title: "Queries", type: schema.getQueryType() },
    { file: "mutations.md", title: "Mutations", type: schema.getMutationType() },
    { file: "subscriptions.md", title: "Subscriptions", type: schema.getSubscriptionType() },
  ].flatMap(({ type, ...page }) => (type ? [{ ...page, type }] : []));
  const types = Object.values(schema.getTypeMap())
    .filter((type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type) && !roots.some((root) => root.type === type))
    .sort((a, b) => a.name.localeCompare(b.name));
  const byPage = Map.groupBy(types, (type) => typePages.find(({ holds }) => holds(type)));

  const texts = new Map<string, string>();
  for (const { file, title, type } of roots) {
    const fields = Object.values(type.getFields());
    texts.set(
      file,
      page(
        title,
        type.description,
        fields.map((field) => rootField(field)),
      ),
    );
  }
  for (const { file, title, intro, holds } of typePages) {
    const here = byPage.get(typePages.find((one) => one.holds === holds)) ?? [];
    texts.set(
      file,
      page(
        title,
        intro,
        here.map((type) => section(schema, type)),
      ),
    );
  }
  texts.set("possible-types.json", json(possibleTypes(schema, types)));
  texts.set("types-without-id.json", json(types.filter((type) => isObjectType(type) && !type.getFields().id).map(({ name }) => name)));
  const index = roots.map(({ file, title, type }) => [
    `## ${title}`,
    Object.values(type.getFields())
      .map(({ name, description }) => `- [${name}](${file}#${anchor(name)}): ${firstClause(description)}`)
      .join("\n"),
  ]);
  const pages = typePages.map(({ file, title, intro }) => `- [${title}](${file}): ${intro}`).join("\n");
  texts.set("README.md", page("The schema", "Made from the descriptions in schema.graphql.", [...index.flat(), "## Types", pages]));
  return texts;
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

/** The members of each interface and union, as Apollo's cache wants to know them. */
const possibleTypes = (schema: GraphQLSchema, types: readonly GraphQLNamedType[]): Record<string, string[]> =>
  Object.fromEntries(
    types.flatMap((type) =>
      isInterfaceType(type) || isUnionType(type)
        ? [
            [
              type.name,
              schema
                .getPossibleTypes(type)
                .map(({ name }) => name)
                .sort(),
            ],
          ]
        : [],
    ),
  );

const page = (title: string, intro: string | null | undefined, parts: readonly string[]): string =>
  `${[`# ${title}`, "<!-- npm run docs writes this file from schema.graphql. -->", text(intro), ...parts].join("\n\n")}\n`;

const anchor = (name: string) => name.toLowerCase();
const text = (description: string | null | undefined) => description ?? "";
const cell = (description: string | null | undefined) =>
  text(description)
    .replace(/\s*\n\s*/g, " ")
    .replaceAll("|", "\\|");
const firstClause = (description: string | null | undefined) =>
  `${cell(description)
    .split(/[.:;](?=\s|$)/, 1)
    .join("")}.`;

/** A type as GraphQL writes it, linked to its section. */
function link(type: { toString(): string }, named: GraphQLNamedType): string {
  const home = typePages.find(({ holds }) => holds(named));
  return isSpecifiedScalarType(named) || home === undefined ? `\`${type}\`` : `[\`${type}\`](${home.file}#${anchor(named.name)})`;
}

const gone = ({ deprecationReason }: { readonly deprecationReason?: string | null | undefined }) =>
  deprecationReason ? ` **Deprecated:** ${deprecationReason}` : "";

const row = (name: string, type: string, about: string) => `| \`${name}\` | ${type} | ${about} |`;
const table = (head: string, rows: readonly string[]) => [`| ${head} | type | |`, "| --- | --- | --- |", ...rows].join("\n");

const valueRow = (value: GraphQLArgument | GraphQLInputField) =>
  row(value.name, link(value.type, getNamedType(value.type)), cell(value.description) + gone(value));

const pageArguments: ReadonlySet<string> = new Set(["after", "before", "first", "last"]);

/** A field of a type, with its arguments named; those of every list are not repeated. */
function fieldRow(field: GraphQLField<unknown, unknown>): string {
  const own = field.args.filter(({ name }) => !pageArguments.has(name));
  const given = own.map((arg) => `<br>\`${arg.name}\`: ${link(arg.type, getNamedType(arg.type))}, ${cell(arg.description)}`).join("");
  return row(field.name, link(field.type, getNamedType(field.type)), cell(field.description) + gone(field) + given);
}

function rootField(field: GraphQLField<unknown, unknown>): string {
  const answer = getNamedType(field.type);
  const members = isUnionType(answer)
    ? `: ${answer
        .getTypes()
        .map((member) => link(member, member))
        .join(", ")}`
    : "";
  const parts = [`## ${field.name}`, text(field.description) + gone(field), `Answers ${link(field.type, answer)}${members}.`];
  return (field.args.length > 0 ? [...parts, table("argument", field.args.map(valueRow))] : parts).join("\n\n");
}

function section(schema: GraphQLSchema, type: GraphQLNamedType): string {
  return [`## ${type.name}`, text(type.description), ...body(schema, type)].join("\n\n");
}

function body(schema: GraphQLSchema, type: GraphQLNamedType): string[] {
  if (isEnumType(type)) {
    return [
      [
        "| value | |",
        "| --- | --- |",
        ...type.getValues().map((value) => `| \`${value.name}\` | ${cell(value.description)}${gone(value)} |`),
      ].join("\n"),
    ];
  }
  if (isInputObjectType(type)) {
    return [...(type.isOneOf ? ["Exactly one of them is given."] : []), table("field", Object.values(type.getFields()).map(valueRow))];
  }
  const members = isUnionType(type) || isInterfaceType(type) ? schema.getPossibleTypes(type) : [];
  const one = members.length > 0 ? [`One of ${members.map((member) => link(member, member)).join(", ")}.`] : [];
  if (!isObjectType(type) && !isInterfaceType(type)) return one;
  const above = type.getInterfaces().map((parent) => link(parent, parent));
  return [
    ...(above.length > 0 ? [`Is a ${above.join(", ")}.`] : []),
    ...one,
    table("field", Object.values(type.getFields()).map(fieldRow)),
  ];
}
