import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** The port can't be had. The message is one sentence with the way out. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export async function listen(server: Server, { host, port }: Address): Promise<AddressInfo> {
  try {
    await once(server.listen(port, host), "listening");
  } catch (error) {
    throw new ListenError(sentence(error, host, port), { cause: error });
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new ListenError("The server has no port.");
  return address;
}

function sentence(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : error;
  if (code === "EADDRINUSE") return `Port ${port} of ${host} is taken; stop what uses it, or set PORT to another one (0 takes a free one).`;
  if (code === "EACCES") return `Port ${port} may not be used by this user; set PORT to one above 1023.`;
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
    return `${host} is no address of this machine; set HOST to one that is, such as 127.0.0.1.`;
  return `The gateway can't listen on port ${port} of ${host} (${code}); set HOST and PORT to others.`;
}
