/** A database that can go away: a way to it that a test closes and opens again. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import pg from "pg";

export interface Outage {
  /** Leads to the same database, while it is open. */
  readonly url: string;
  /** Breaks every connection and refuses new ones. */
  begin(): Promise<void>;
  end(): Promise<void>;
  /** Nothing gets through any more over the connections that there are, and nobody is told. */
  silence(): void;
  /** New connections are signed in, and no statement of theirs gets through. */
  silenceStatements(): void;
  close(): Promise<void>;
}

export async function outageBefore(url: string): Promise<Outage> {
  const { host, port, user, database, password } = new pg.Client({ connectionString: url });
  const sockets = new Set<Socket>();
  let onlySignIn = false;
  const server = createServer((near) => {
    const far = host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => {});
      one.once("close", () => [sockets.delete(one), other.destroy()]);
      if (one === far || !onlySignIn) one.pipe(other);
    }
    if (onlySignIn) near.once("data", (start) => far.write(start)); // without a password, all that is sent before the first statement
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The way to the database has no port.");
  const silence = () => {
    for (const socket of sockets) socket.unpipe().pause();
  };
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const begin = async () => {
    const closed = once(server.close(), "close");
    cut();
    await closed;
  };
  const secret = password ? `:${encodeURIComponent(password)}` : "";
  return {
    url: `postgresql://${encodeURIComponent(user ?? "")}${secret}@127.0.0.1:${address.port}/${database}`,
    begin,
    silence,
    silenceStatements: () => {
      onlySignIn = true;
    },
    end: async () => void (await once(server.listen(address.port, "127.0.0.1"), "listening")),
    close: async () => {
      if (server.listening) await begin();
    },
  };
}
