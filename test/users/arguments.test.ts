import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/command-line.ts";
import { readCommand } from "../../src/users/arguments.ts";

describe("the arguments of npm run user", () => {
  it.each([
    [["add", "ada", "--roles", "editor, VIEWER,editor"], { name: "add", user: "ada", roles: ["VIEWER", "EDITOR"], generate: false }],
    [["add", "--generate", "--roles=ADMIN", "ada"], { name: "add", user: "ada", roles: ["ADMIN"], generate: true }],
    [["list", "--json"], { name: "list", json: true }],
    [["remove", "ada"], { name: "remove", user: "ada" }],
    [["password", "ada", "--generate"], { name: "password", user: "ada", generate: true }],
    [["roles", "ada", "recovery_admin"], { name: "roles", user: "ada", roles: ["RECOVERY_ADMIN"] }],
    [["add", "-h"], { name: "help" }],
  ])("%j are understood", (argv, command) => {
    expect(readCommand(argv)).toEqual(command);
  });

  it.each([
    [[], /^Usage: /],
    [["add", "ada"], /^Say which roles/],
    [["add", "ada", "--roles", ","], /^Say which roles/],
    [["add", "ada", "--roles", "KING"], /^There is no role KING; there are VIEWER, /],
    [["remove"], /^Usage: /],
    [["remove", "a", "b"], /^Usage: /],
    [["remove", "a", "--generate"], /^remove does not take --generate/],
    [["list", "--no"], /^Usage: /],
    [["list", "--roles", "ADMIN"], /^list does not take --roles/],
    [["rename", "a"], /^There is no command rename\./],
    [["constructor"], /^There is no command constructor\./],
  ])("%j are refused", (argv, message) => {
    expect(() => readCommand(argv)).toThrow(UsageError);
    expect(() => readCommand(argv)).toThrow(message);
  });
});
