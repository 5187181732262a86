import { connect as connectTo, createServer, type Server } from "node:net";
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
    const port = await listening(server);
    await expect(connect(`postgresql://u:secret@127.0.0.1:${port}/x`, "test")).rejects.toThrow(
      /^User "u" may not sign in to the PostgreSQL at .*; correct the user and the password in DATABASE_URL\.$/,
    );
    server.close();
  });
});

describe("the direct connection", () => {
  it("is refused when notifications get lost on the way, as behind a pooler", async () => {
    const url = new URL(inject("testServer").url);
    const pooler = poolerBefore(url);
    const port = await listening(pooler);
    const pooled = new URL(url);
    pooled.searchParams.delete("host");
    pooled.host = `127.0.0.1:${port}`;
    await expect(openDatabase({ url: pooled.href })).rejects.toThrow(
      /^No notifications arrive over DATABASE_URL.*set DATABASE_DIRECT_URL to a direct connection/,
    );
    await (await openDatabase({ url: pooled.href, directUrl: url.href })).close();
    pooler.close();
  });
});

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

/** Passes everything on, but the messages that PostgreSQL sends by itself. */
function poolerBefore(url: URL): Server {
  const socket = url.searchParams.get("host");
  return createServer((client) => {
    const server = socket === null ? connectTo(Number(url.port || 5432), url.hostname) : connectTo(`${socket}/.s.PGSQL.5432`);
    for (const end of [client, server]) end.on("error", () => {});
    client.pipe(server);
    server.on("data", (chunk) => void (chunk.subarray(0, 1).toString() === "A" || client.write(chunk)));
    server.on("end", () => client.end());
  });
}

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
