/** What is compiled answers as graphql's own `execute` does: on a schema with everything that goes wrong, or could. */
import { type ExecutionResult, execute, type GraphQLError, getOperationAST, getVariableValues, parse, validate } from "graphql";
import { createSchema } from "graphql-yoga";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/gateway/compiler.ts";

interface Row {
  readonly __typename: string;
  readonly name: string;
}

const soon = <T>(value: T): Promise<T> => new Promise((resolve) => setImmediate(() => resolve(value)));
const fails = (message: string) => () => {
  throw new Error(message);
};

const typeDefs = /* GraphQL */ `
  scalar Day
  enum Size { SMALL, LARGE }
  input Filter { name: String = "any", sizes: [Size!], day: Day, inner: Filter }
  interface Named { name: String! }
  type Cat implements Named { name: String!, lives: Int, friend: Named, mood(of: Int): String }
  type Dog implements Named { name: String!, barks: Boolean, friend: Named }
  type Gone { reason: String! }
  union Found = Cat | Dog | Gone
  type Box { name: String, must: String!, later: String!, box: Box, needed: Box!, boxes: [Box!], maybe: [Box], numbers: [Int!], day: Day, size: Size, thrown: String }
  type Query {
    echo(text: String, size: Size = SMALL, filter: Filter, days: [Day!], count: Int! = 3): String
    needs(id: ID!): ID
    box: Box
    boxLater: Box
    strict: Box!
    boxes: [Box!]
    manyLater: [Box]
    named: [Named]
    shared: [Cat!]
    sharedOdd: [Cat]
    found: [Found!]
    lost: Found
    notIterable: [Int]
    nothing: Box
    isError: String
    listOfErrors: [String]
  }
  type Mutation { touch: Int }
`;

const box: Record<string, unknown> = {
  name: "b",
  must: "m",
  later: soon("l"),
  numbers: new Set([1, 2]),
  day: new Date("2026-01-02T00:00:00Z"),
  size: "LARGE",
  box: () => ({ ...box, must: null }),
  needed: () => soon({ must: "deep", needed: { must: null } }),
  boxes: [{ must: "1" }, { must: null }, { must: null }],
  maybe: [soon({ must: "1" }), soon({ must: null }), null, { must: "3" }],
  thrown: fails("thrown in a property"),
};
const cat: Row & Record<string, unknown> = { __typename: "Cat", name: "Tom", lives: 9, mood: ({ of }: { of?: number }) => `mood ${of}` };
const dog: Row & Record<string, unknown> = { __typename: "Dog", name: "Rex", barks: true, friend: soon(cat) };

/** As loaders give rows that several requests read. */
const frozen = (...rows: object[]) => Object.freeze(rows.map((row) => Object.freeze(row)));
const shared = frozen({ name: "Tom", lives: 9 }, { name: "Kit", lives: 8 });
const sharedOdd = frozen(
  { name: "Tom", lives: 9 },
  { name: null, lives: 8 },
  { name: "Kit", lives: "eight" },
  { name: "Lea", lives: null },
);

const schema = createSchema({
  typeDefs,
  resolvers: {
    Day: { serialize: (day: Date) => day.toISOString().slice(0, 10), parseValue: (text: unknown) => new Date(String(text)) },
    Query: {
      echo: (_root: unknown, args: object) => JSON.stringify(args),
      needs: (_root: unknown, { id }: { id: string }) => id,
      box: () => box,
      boxLater: () => soon(box),
      strict: () => soon(null),
      boxes: () => [box, soon(box)],
      manyLater: () => soon([soon(box), soon(null), new Error("an item is an error")]),
      shared: () => soon(shared),
      sharedOdd: () => sharedOdd,
      named: () => [cat, soon(dog), { __typename: "Box" }, { __typename: "nothing" }, {}],
      found: () => soon([cat, dog, { __typename: "Gone", reason: "left" }]),
      lost: () => new Error("an error is the value"),
      notIterable: () => 5,
      nothing: () => undefined,
      isError: () => Promise.reject(new Error("rejected")),
      listOfErrors: () => ["a", new Error("b"), fails],
    },
  },
});

/** With what the errors were made of. A type that is none is our mistake, for which both have words of their own. */
function asText({ data, errors }: ExecutionResult): string {
  const whole = (errors ?? []).map((error: GraphQLError) => [error.toJSON(), error.originalError?.message ?? null]);
  return JSON.stringify({ data, errors: whole }, (key, value) =>
    typeof value === "string" && key !== "data" ? value.replace(/^(Abstract type|Runtime Object type) .*/, "no such type") : value,
  );
}

/** The same operation by both; each with a context of its own. */
async function both(query: string, variables: Record<string, unknown> = {}, operationName?: string) {
  const document = parse(query);
  expect(validate(schema, document)).toEqual([]);
  const operation = getOperationAST(document, operationName);
  const given = getVariableValues(schema, operation?.variableDefinitions ?? [], variables);
  if (!operation || !given.coerced) throw new Error("the test's own operation can't run");
  const conditions = Object.fromEntries(Object.entries(given.coerced).filter(([, value]) => typeof value === "boolean"));
  const compiled = compile(schema, document, operation, conditions as Record<string, boolean>, 2_000);
  const expected = await execute({ schema, document, variableValues: variables, operationName });
  return { expected: asText(expected), got: compiled && asText(await compiled.run(undefined, {}, given.coerced)) };
}

describe("a compiled query answers as graphql's execute does", () => {
  it.each([
    ["aliases and fields that are asked twice", "{ a: box { name name x: name } a: box { must } b: boxLater { name } }"],
    ["fragments in fragments", "{ box { ...A ...B } } fragment A on Box { name ...B } fragment B on Box { must box { name } }"],
    ["__typename, everywhere", "{ __typename box { __typename } found { __typename ... on Named { __typename name } } }"],
    ["the schema", '{ __schema { queryType { name } types { name kind fields { name } } } __type(name: "Cat") { interfaces { name } } }'],
    ["an interface", "{ named { name ... on Cat { lives friend { name } } ... on Dog { barks friend { name ... on Cat { lives } } } } }"],
    ["rows that are shared", "{ shared { name years: lives } again: shared { lives mood(of: 1) } sharedOdd { name lives } }"],
    ["a union", "{ found { ... on Cat { name mood(of: 3) } ... on Dog { name } ... on Gone { reason } } }"],
    ["an error as a value", "{ lost { __typename } isError listOfErrors manyLater { name } }"],
    ["what is no list", "{ notIterable nothing { name } }"],
    ["null where there can't be null", "{ box { box { must name } boxes { must } maybe { must } } }"],
    ["null where there can't be null, far below", "{ boxLater { name needed { must needed { must } } } name: box { name } }"],
    ["null at the root", "{ strict { name } box { name thrown } }"],
    ["errors beside and below what became null", "{ box { thrown box { thrown must later } } boxes { thrown box { thrown must } } }"],
    ["promises in properties, iterables, scalars and enums", "{ box { later numbers day size } boxes { later } }"],
    ["arguments of their own, and their defaults", '{ echo(text: "a\\nb", filter: { sizes: LARGE, inner: { name: null } }) b: echo }'],
  ])("%s", async (_what, query) => {
    const { expected, got } = await both(query);
    expect(got).toBe(expected);
  });

  it.each([
    ["given", { text: "t", size: "LARGE", filter: { day: "2026-02-03" }, days: ["2026-01-01"], name: "n", count: 1 }],
    ["null", { text: null, filter: null, name: null }],
    ["left out, of a field within an argument too", {}],
  ])("variables that are %s", async (_how, variables) => {
    const { expected, got } = await both(
      `query ($text: String, $size: Size, $filter: Filter = { day: "2026-01-01" }, $days: [Day!] = ["2025-05-05"], $name: String, $count: Int = 7) {
        a: echo(text: $text, size: $size, filter: $filter, days: $days, count: $count)
        b: echo(filter: { name: $name, inner: { name: $name } })
      }`,
      variables,
    );
    expect(got).toBe(expected);
  });

  it("arguments that a resolver before has changed", async () => {
    const changing = createSchema({
      typeDefs: "type Query { taken(size: Int = 1, of: String): Int }",
      resolvers: { Query: { taken: (_root: unknown, args: { size: number }) => args.size++ } },
    });
    const document = parse('{ taken(of: "all") again: taken(size: 5) }');
    const operation = getOperationAST(document);
    const compiled = operation && compile(changing, document, operation, {}, 2_000);
    for (let time = 0; time < 2; time++) expect(await compiled?.run(undefined, {}, {})).toEqual({ data: { taken: 1, again: 5 } });
  });

  it("an argument that may not be null, and is", async () => {
    const { expected, got } = await both('query ($id: ID = "x", $count: Int = 1) { needs(id: $id) echo(count: $count) }', {
      id: null,
      count: null,
    });
    expect(expected).toContain("must not be null");
    expect(got).toBe(expected);
  });

  it.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])("@skip and @include, with variables that are %s and %s", async (a, b) => {
    const { expected, got } = await both(
      `query ($a: Boolean!, $b: Boolean!) { box { ...Some @include(if: $a) ... @skip(if: $b) { must box { name } } box { day } } other: boxLater @skip(if: $a) @include(if: $b) { ...Some } never: box @include(if: false) { name } }
       fragment Some on Box { name box @include(if: $b) { size } numbers @skip(if: $a) }`,
      { a, b },
    );
    expect(got).toBe(expected);
  });

  it("once for all who read the same list of rows", async () => {
    const document = parse("{ shared { name years: lives } }");
    const operation = getOperationAST(document);
    const compiled = operation && compile(schema, document, operation, {}, 100);
    const [first, second] = [await compiled?.run(undefined, {}, {}), await compiled?.run(undefined, {}, {})];
    expect(first?.data?.shared).toEqual([
      { name: "Tom", years: 9 },
      { name: "Kit", years: 8 },
    ]);
    expect(second?.data?.shared).toBe(first?.data?.shared);
  });

  it("the one of two operations that is named", async () => {
    const document = "query A { box { name } } query B($n: ID!) { needs(id: $n) }";
    for (const name of ["A", "B"]) {
      const { expected, got } = await both(document, { n: "7" }, name);
      expect(got).toBe(expected);
    }
  });
});

it.each([
  ["a mutation, whose fields run one after the other", "mutation { touch }"],
  ["a name that plain objects can't have", "{ __proto__: echo }"],
  [
    "what grows beyond measure by fragments",
    `{ box { ...F0 } } ${Array.from({ length: 12 }, (_, at) => `fragment F${at} on Box { a: box { ...F${at + 1} } b: box { ...F${at + 1} } }`).join(" ")} fragment F12 on Box { name }`,
  ],
])("leaves to graphql %s", async (_what, query) => {
  expect((await both(query)).got).toBeNull();
});
