/**
 * A WebSocket client that costs next to nothing: thousands of them have to read as fast as one server writes, on the same machine. It knows
 * what the server needs to be understood, and no more: whole text messages, pings, the close.
 */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";

export interface RawSocket {
  /** Of this end; 0 while it is not connected. */
  readonly localPort: number;
  send(text: string): void;
  /** From now on nothing is read. */
  pause(): void;
  close(): void;
  /** Without a goodbye. */
  cut(): void;
}

export interface RawSocketOptions {
  readonly host: string;
  readonly port: number;
  /** Of this end: a server may count sockets by address. */
  readonly localAddress: string;
  onOpen(): void;
  /** The bytes are good until it returns. */
  onMessage(text: Buffer): void;
  /** The close code; 1006: it was cut. Called once. */
  onClose(code: number): void;
}

const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const;
/** Read into by all sockets of the process, one after the other. */
const buffer = Buffer.allocUnsafe(256 * 1024);

export function openRawSocket({ host, port, localAddress, onOpen, onMessage, onClose }: RawSocketOptions): RawSocket {
  let rest: Buffer = Buffer.alloc(0);
  let isOpen = false;
  let code: number | null = null;

  const socket = connect({
    host,
    port,
    localAddress,
    noDelay: true,
    onread: {
      buffer,
      callback(length) {
        take(length);
        return true;
      },
    },
  });
  const key = randomBytes(16).toString("base64");
  socket.once("connect", () =>
    socket.write(
      `GET /graphql HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n`,
    ),
  );
  socket.on("error", () => {}); // "close" follows
  socket.once("close", () => onClose(code ?? 1006));

  function take(length: number): void {
    const read = buffer.subarray(0, length);
    const bytes = rest.length === 0 ? read : Buffer.concat([rest, read]);
    const done = isOpen ? frames(bytes, 0) : handshake(bytes);
    rest = done === bytes.length ? bytes.subarray(0, 0) : Buffer.from(bytes.subarray(done));
  }

  function handshake(bytes: Buffer): number {
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) return 0;
    if (!bytes.toString("latin1", 0, end).startsWith("HTTP/1.1 101 ")) {
      socket.destroy();
      return bytes.length;
    }
    isOpen = true;
    onOpen();
    return frames(bytes, end + 4);
  }

  /** How far the whole frames go. */
  function frames(bytes: Buffer, from: number): number {
    let at = from;
    for (;;) {
      if (at + 2 > bytes.length) return at;
      const short = (bytes[at + 1] ?? 0) & 127;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (at + head > bytes.length) return at;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
      if (at + head + length > bytes.length) return at;
      frame((bytes[at] ?? 0) & 15, bytes.subarray(at + head, at + head + length));
      at += head + length;
    }
  }

  function frame(opcode: number, payload: Buffer): void {
    if (opcode === opcodes.text) onMessage(payload);
    else if (opcode === opcodes.ping) write(opcodes.pong, payload);
    else if (opcode === opcodes.close) {
      code = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      write(opcodes.close, payload);
      socket.end();
    }
  }

  /** Masked with zeros, as a client has to: the protocol asks for chance, and the kernel's loopback needs none. */
  function write(opcode: number, payload: Buffer): void {
    const head =
      payload.length < 126
        ? Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0])
        : Buffer.from([0x80 | opcode, 0x80 | 126, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]);
    socket.write(Buffer.concat([head, payload]));
  }

  return {
    get localPort() {
      return socket.localPort ?? 0;
    },
    send: (text) => write(opcodes.text, Buffer.from(text)),
    pause: () => void socket.pause(),
    cut: () => void socket.destroy(),
    close() {
      code = 1000;
      write(opcodes.close, Buffer.from([0x03, 0xe8]));
      socket.end();
    },
  };
}
