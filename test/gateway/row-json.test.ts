/** Rows as PostgreSQL sent them are written as JSON.stringify writes their objects, or not at all. */
import fc from "fast-check";
import { GraphQLBoolean, GraphQLEnumType, GraphQLFloat, GraphQLID, GraphQLInt, type GraphQLLeafType, GraphQLString } from "graphql";
import { expect, it } from "vitest";
import { type Column, RowBytes } from "../../src/database/row-bytes.ts";
import { encodeId } from "../../src/domain/ids.ts";
import { type RowField, rowsText } from "../../src/gateway/row-json.ts";

const [text, int4, int8, bool, float8, timestamptz, uuid, anEnum] = [25, 23, 20, 16, 701, 1184, 2950, 98_765];
const columns: readonly Column[] = [
  { name: "id", type: uuid },
  { name: "name", type: text },
  { name: "size", type: int4 },
  { name: "isOn", type: bool },
  { name: "state", type: anEnum },
];

/** As PostgreSQL sends them. */
function sent(rows: readonly (readonly (string | null)[])[], form: readonly Column[] = columns): RowBytes<Record<string, unknown>> {
  const places: number[] = [];
  const pieces: Buffer[] = [];
  let length = 0;
  for (const row of rows) {
    const fields = row.map((value) => {
      const bytes = Buffer.from(value ?? "", "utf8");
      const size = Buffer.alloc(4);
      size.writeInt32BE(value === null ? -1 : bytes.length);
      return Buffer.concat([size, bytes]);
    });
    const head = Buffer.from("D......");
    head.writeUInt32BE(6 + Buffer.concat(fields).length, 1);
    head.writeInt16BE(row.length, 5);
    places.push(length);
    pieces.push(head, ...fields);
    length += Buffer.concat([head, ...fields]).length;
  }
  return new RowBytes(form, Buffer.concat(pieces), places);
}

const State = new GraphQLEnumType({ name: "State", values: { ON: {}, OFF: { value: "off" } } });
const property = (key: string, type: GraphQLLeafType, name = key, isNullable = true): RowField => ({
  key,
  isNullable,
  from: { kind: "property", property: name, type },
});
const fields: readonly RowField[] = [
  { key: "id", isNullable: false, from: { kind: "id", type: "VirtualMachine", properties: ["id"] } },
  { key: "step", isNullable: false, from: { kind: "id", type: "RecoveryStep", properties: ["id", "size"] } },
  { key: "__typename", isNullable: false, from: { kind: "constant", text: "VirtualMachine" } },
  property("called", GraphQLString, "name"),
  property("raw", GraphQLID, "id"),
  property("isOn", GraphQLBoolean),
  property("state", State),
];

const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('"', "\\", "\n", "\u0001", "\u001f", "\u007f", "\u2028", "é", "😀"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
});
const anyRow = fc.tuple(
  fc.uuid(),
  fc.option(anyText.filter((one) => !one.includes("\0"))),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.option(fc.boolean()),
  fc.option(fc.constantFrom("ON", "off")),
);

it("writes what JSON.stringify writes of the objects", () => {
  const write = rowsText([...fields, property("size", GraphQLInt)], columns);
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 40 }), (rows) => {
      const bytes = sent(
        rows.map(([id, name, size, isOn, state]) => [id, name, String(size), isOn === null ? null : isOn ? "t" : "f", state]),
      );
      const objects = bytes.objects.map(({ id, name, size, isOn, state }) => ({
        id: encodeId("VirtualMachine", String(id)),
        step: encodeId("RecoveryStep", `${id}/${size}`),
        __typename: "VirtualMachine",
        called: name,
        raw: id,
        isOn,
        state: state === null ? null : State.serialize(state),
        size,
      }));
      expect(write?.(bytes)).toBe(JSON.stringify(objects));
    }),
    { numRuns: 300 },
  );
});

it("makes the objects that pg makes, frozen, and once", () => {
  const bytes = sent([["an id", 'a "name"', "-7", "f", null]]);
  expect(bytes.objects).toEqual([{ id: "an id", name: 'a "name"', size: -7, isOn: false, state: null }]);
  expect(bytes.objects).toBe(bytes.objects);
  expect([Object.isFrozen(bytes.objects), Object.isFrozen(bytes.objects[0])]).toEqual([true, true]);
  expect([...bytes]).toEqual(bytes.objects);
});

it("writes more than it has room for", () => {
  const long = "\u0001".repeat(50_000);
  const bytes = sent([
    ["a", long, "1", "t", "ON"],
    ["b", long, "2", "t", "ON"],
  ]);
  expect(rowsText([property("name", GraphQLString)], columns)?.(bytes)).toBe(JSON.stringify([{ name: long }, { name: long }]));
});

it("writes the same column as often as it is asked for", () => {
  const often = Array.from({ length: 30 }, (_, nth) => property(`name${nth}`, GraphQLString, "name"));
  for (let length = 245; length < 255; length++) {
    const rows = Array.from({ length: 300 }, (_, nth) => [`id ${nth}`, "n".repeat(length), "1", "t", "ON"]);
    const objects = rows.map(([, name]) => Object.fromEntries(often.map(({ key }) => [key, name])));
    expect(rowsText(often, columns)?.(sent(rows)) === JSON.stringify(objects)).toBe(true);
  }
});

it.each([
  ["NULL where there can't be null", property("name", GraphQLString, "name", false), [null, null, null, null, null]],
  ["NULL in an id", fields[0], [null, null, null, null, null]],
  ["a value that the enum does not have", property("state", State), ["a", "n", "1", "t", "GONE"]],
])("leaves to the objects %s", (_what, field, row) => {
  expect(field && rowsText([field], columns)?.(sent([row]))).toBeNull();
});

it.each([
  ["a big integer", int8, GraphQLInt],
  ["a fraction", float8, GraphQLFloat],
  ["a moment", timestamptz, GraphQLString],
  ["a number as an id", int4, GraphQLID],
])("leaves to the objects %s, whatever it is", (_what, type, leaf) => {
  expect(rowsText([property("one", leaf)], [{ name: "one", type }])).toBeNull();
});

it("leaves to the objects a property that was not read", () => {
  expect(rowsText([property("gone", GraphQLString)], columns)).toBeNull();
});
