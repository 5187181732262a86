import { describe, expect, it } from "vitest";
import { ConflictError } from "../../src/domain/errors.ts";
import { allowedOperations } from "../../src/domain/operations.ts";
import { declaredRoles } from "../../src/domain/root-roles.ts";
import { holds, type Role } from "../../src/domain/viewer.ts";
import { operator } from "../support/node.ts";

const withRoles = (...given: Role[]) => ({ ...operator, roles: new Set(given) });

describe("roles", () => {
  it("include VIEWER each, RECOVERY_ADMIN also OPERATOR, and nothing else", () => {
    expect(holds(withRoles("ADMIN"), "VIEWER")).toBe(true);
    expect(holds(withRoles("RECOVERY_ADMIN"), "OPERATOR")).toBe(true);
    expect(holds(withRoles("OPERATOR"), "RECOVERY_ADMIN")).toBe(false);
    expect(holds(withRoles("ADMIN"), "EDITOR")).toBe(false);
    expect(holds(withRoles(), "VIEWER")).toBe(false);
  });

  it("are read from what a root field declares, and what can't be read is no declaration", () => {
    expect(declaredRoles({ role: "EDITOR" })).toEqual({ anyOf: ["EDITOR"] });
    expect(declaredRoles({ anyRole: ["EDITOR", "SCRIPT_EDITOR"] })).toEqual({ anyOf: ["EDITOR", "SCRIPT_EDITOR"] });
    expect(declaredRoles({ anybody: true })).toEqual({ anyOf: [] });
    for (const wrong of [undefined, null, {}, { role: "BOSS" }, { anyRole: [] }, { anybody: false }, () => true])
      expect(declaredRoles(wrong)).toBeNull();
  });
});

describe("allowed operations", () => {
  const refusal = new ConflictError("A test is running.", "Wait for it.");

  it("are those that were decided, with the error that the mutation would answer", () => {
    expect(allowedOperations({ UPDATE_PLAN: null, DELETE_PLAN: refusal }, operator)).toEqual([
      { operation: "UPDATE_PLAN", refusal: null },
      { operation: "DELETE_PLAN", refusal },
    ]);
  });

  it("are refused first of all for a role that is missing", () => {
    const [deletion] = allowedOperations({ DELETE_PLAN: refusal }, withRoles("VIEWER"));
    expect(deletion?.refusal).toMatchObject({ code: "FORBIDDEN", requiredRole: "EDITOR" });
  });

  it("are open to each of several roles where one of them will do", () => {
    const refusalFor = (role: Role) => allowedOperations({ CONFIGURE_PRIORITY_GROUPS: null }, withRoles(role))[0]?.refusal;
    expect(refusalFor("EDITOR")).toBeNull();
    expect(refusalFor("SCRIPT_EDITOR")).toBeNull();
    expect(refusalFor("OPERATOR")).toMatchObject({ code: "FORBIDDEN", requiredRole: "EDITOR", requiredRoles: ["EDITOR", "SCRIPT_EDITOR"] });
  });
});
