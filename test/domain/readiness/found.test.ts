/** What several looks find about one object is one finding, and a rule that holds of very many objects stays readable. */
import { expect, it } from "vitest";
import { type Found, merged, mostOfOneCode } from "../../../src/domain/readiness/found.ts";

const found = (name: string, more: Partial<Found> = {}): Found => ({
  code: "VM_NOT_CONFIGURED",
  severity: "WARNING",
  object: { type: "VirtualMachine", id: name, name },
  recoveryTypes: ["TEST"],
  message: `${name} is left out.`,
  remedy: "Configure it.",
  ...more,
});

it("the same about the same object is one finding: the worse severity, every kind of run, and each sentence once", () => {
  const other = { severity: "BLOCKER", recoveryTypes: ["DISASTER"], message: "It is far away." } as const;
  expect(merged([found("a"), found("b"), found("a", other), found("a")])).toEqual([
    found("a", { severity: "BLOCKER", recoveryTypes: ["DISASTER", "TEST"], message: "a is left out. It is far away." }),
    found("b"),
  ]);
});

it("of one code so many are told one by one, by name, and the last says how many there are beside it", () => {
  const names = Array.from({ length: mostOfOneCode + 50 }, (_, at) => `vm-${String(at).padStart(3, "0")}`);
  const all = merged([...names.toReversed().map((name) => found(name)), found("vm-000", { code: "MISSING_AT_SOURCE" })]);
  expect(all).toHaveLength(mostOfOneCode + 1);
  const told = all.filter(({ code }) => code === "VM_NOT_CONFIGURED");
  expect(told.map(({ object }) => object.name)).toEqual(names.slice(0, mostOfOneCode));
  expect(told.at(-1)?.message).toBe("vm-099 is left out. The same holds for 50 more: vm-100, vm-101, vm-102, vm-103, vm-104 and 45 more.");
  expect(told.at(-2)?.message).toBe("vm-098 is left out.");
});
