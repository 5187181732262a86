import { parse } from "graphql";
import { describe, expect, it } from "vitest";
import { schema } from "../../src/domain/schema.ts";
import { createAlike } from "../../src/gateway/alike.ts";

const keyOf = createAlike();
const of = (text: string) => {
  const document = parse(text);
  return (variableValues: Record<string, unknown>, operationName?: string) =>
    keyOf({ schema, document, variableValues, ...(operationName && { operationName }) });
};

describe("subscriptions are alike", () => {
  const watch = of(`subscription ($id: ID!, $from: String, $steps: Boolean = true) {
    ...Batch
  }
  fragment Batch on Subscription { recoveryEvents(recoveryId: $id, after: $from) { cursor events @include(if: $steps) { sequence } } }`);

  it("wherever they begin, by whatever name that variable has", () => {
    const [one, other] = [watch({ id: "a", from: "x" }), watch({ id: "a", from: null })];
    expect([one, watch({ id: "a" })]).toEqual([other, other]);
  });

  it("but not with other variables; left out is not the same as null", () => {
    const all = [{ id: "a" }, { id: "b" }, { id: "a", steps: false }, { id: "a", steps: null }];
    expect(new Set(all.map((variables) => watch(variables))).size).toBe(all.length);
  });

  it("whatever else is sent with them, which the operation does not know", () => {
    expect(watch({ id: "a", other: 1 })).toBe(watch({ id: "a" }));
  });

  it("not where the same variable means something else besides", () => {
    const both = of(
      "subscription ($id: ID!, $text: String!) { recoveryEvents(recoveryId: $id, after: $text) { cursor } promptEvents(after: $text) { cursor } }",
    );
    expect(both({ id: "a", text: "x" })).toBe(both({ id: "a", text: "y" }));
    const other = of("subscription ($id: String!) { recoveryEvents(recoveryId: $id, after: $id) { cursor } }");
    expect(other({ id: "a" })).not.toBe(other({ id: "b" }));
  });

  it("not in another document, or another operation of it", () => {
    const two = of("subscription A { promptEvents { cursor } } subscription B { promptEvents { cursor } }");
    expect(two({}, "A")).not.toBe(two({}, "B"));
    expect(of("subscription { promptEvents { cursor } }")({})).not.toBe(of("subscription { promptEvents { cursor } }")({}));
    expect(two({}, "C")).toBeNull();
  });
});
