/**
 * What the guests of test VMs serve: real TCP sockets on loopback, at the VM's address with 127 in place of its first number
 * (10.2.0.11 → 127.2.0.11). A guest greets with its banner and answers the line `status` with `accepting connections`.
 */
import { createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Pool } from "pg";

const pollMilliseconds = 250;
/** Without any VM that has services there is little to look for. */
const idlePollMilliseconds = 2_000;
/** Another gateway may serve the address; when that one ends, this one takes over. */
const retryMilliseconds = 1_000;
const longestLine = 1_024;

interface Service {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  readonly banner: string | null;
}

interface Endpoint {
  readonly server: Server;
  readonly sockets: Set<Socket>;
}

export class GuestServices {
  readonly #pool: Pool;
  readonly #closing = new AbortController();
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #notBefore = new Map<string, number>();
  readonly #loop: Promise<void>;

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#loop = this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#loop;
    await Promise.all([...this.#endpoints.keys()].map((address) => this.#shut(address)));
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      let pause = idlePollMilliseconds;
      try {
        const { rows } = await this.#pool.query<{ any: boolean }>(
          "SELECT EXISTS (SELECT FROM lab.vm WHERE run_id IS NULL AND services <> '[]') AS any",
        );
        if (rows[0]?.any) {
          pause = pollMilliseconds;
          await this.#follow();
        }
      } catch {
        // The database is away: guests go on as they are until it is back.
      }
      await delay(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  async #follow(): Promise<void> {
    const { rows } = await this.#pool.query<Service>({ name: "lab-open-services", text: "SELECT * FROM lab.open_services()" });
    const wanted = new Map(rows.filter(({ ip }) => /^\d+(\.\d+){3}$/.test(ip)).map((service) => [addressOf(service), service]));
    await Promise.all([...this.#endpoints.keys()].filter((address) => !wanted.has(address)).map((address) => this.#shut(address)));
    await Promise.all([...wanted].map(([address, service]) => this.#open(address, service)));
  }

  async #open(address: string, service: Service): Promise<void> {
    if (this.#endpoints.has(address) || (this.#notBefore.get(address) ?? 0) > performance.now()) return;
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      converse(socket, service.banner ?? `${service.name} ready`);
    });
    if (await listening(server, service)) {
      this.#notBefore.delete(address);
      this.#endpoints.set(address, { server, sockets });
    } else {
      this.#notBefore.set(address, performance.now() + retryMilliseconds);
    }
  }

  async #shut(address: string): Promise<void> {
    const endpoint = this.#endpoints.get(address);
    if (endpoint === undefined) return;
    this.#endpoints.delete(address);
    const { promise, resolve } = Promise.withResolvers<void>();
    endpoint.server.close(() => resolve());
    for (const socket of endpoint.sockets) socket.destroy();
    await promise;
  }
}

const loopback = (ip: string): string => ip.replace(/^\d+/, "127");
const addressOf = ({ ip, port, name }: Service): string => `${loopback(ip)}:${port} ${name}`;

function listening(server: Server, { ip, port }: Service): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.on("error", () => resolve(false));
  server.listen({ host: loopback(ip), port, exclusive: true }, () => resolve(true));
  return promise;
}

function converse(socket: Socket, banner: string): void {
  let heard = "";
  socket.setEncoding("utf8");
  socket.on("error", () => socket.destroy());
  socket.on("data", (text: string) => {
    const lines = (heard + text).split("\n");
    heard = lines.pop() ?? "";
    if (heard.length > longestLine) socket.destroy();
    for (const line of lines) socket.write(line.trim() === "status" ? "accepting connections\n" : "unknown command\n");
  });
  socket.write(`${banner}\n`);
}
