import { createServer } from "node:net";
import { describe, expect, inject, it } from "vitest";
import { connect, withDatabase } from "../../src/database/connection.ts";
import { openDatabase } from "../../src/database/database.ts";
import { DatabaseError } from "../../src/database/errors.ts";
import { migrate } from "../../src/database/migrations.ts";

describe("a database that can't be used is told in one sentence", () => {
  const { url } = inject("testServer");

  it.each([
    ["that is no URL", "postgresql://:::", /^DATABASE_URL is not a URL of PostgreSQL; write it as /],
    [
      "where nobody listens",
      "postgresql://u:secret@127.0.0.1:1/x",
      /^The PostgreSQL at 127\.0\.0\.1:1 can't be reached \(.*ECONNREFUSED.*\); check DATABASE_URL/,
    ],
    ["whose host is unknown", "postgresql://u:secret@nowhere.invalid/x", /^The PostgreSQL at nowhere\.invalid:5432 can't be reached/],
    [
      "without such a database",
      withDatabase(url, "nothing_here"),
      /^There is no database "nothing_here" on the PostgreSQL at .*; create it, or correct DATABASE_URL\.$/,
    ],
  ])("%s", async (_name, wrong, sentence) => {
    for (const start of [migrate, (url: string) => openDatabase({ url })]) {
      const attempt = start(wrong);
      await expect(attempt).rejects.toThrow(sentence);
      await expect(attempt).rejects.toThrow(DatabaseError);
      await expect(attempt).rejects.not.toThrow(/secret/);
    }
  });

  it("naming the setting that it came from", async () => {
    await expect(connect("postgresql://127.0.0.1:1/x", "test", "LAB_DATABASE_URL")).rejects.toThrow(/check LAB_DATABASE_URL/);
  });

  it("when the server refuses the password", async () => {
    const server = refusingServer("28P01", 'password authentication failed for user "u"');
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    await expect(connect(`postgresql://u:secret@127.0.0.1:${port}/x`, "test")).rejects.toThrow(
      /^User "u" may not sign in to the PostgreSQL at .*; correct the user and the password in DATABASE_URL\.$/,
    );
    server.close();
  });
});

/** Answers the first message with an error, as PostgreSQL does. */
function refusingServer(code: string, message: string) {
  return createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
      const head = Buffer.alloc(5);
      head.write("E");
      head.writeInt32BE(fields.length + 4, 1);
      socket.end(Buffer.concat([head, fields]));
    });
  });
}
