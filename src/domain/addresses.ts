/** IP addresses and masks, as texts. */
import { isIP, SocketAddress } from "node:net";

/** One spelling for each address, by which two are compared. What is no address stays as it is. */
export function canonicalAddress(address: string): string {
  if (isIP(address) === 0) return address;
  return new SocketAddress({ address, family: isIP(address) === 4 ? "ipv4" : "ipv6" }).address;
}

/** 255.255.255.0 is 24; null when it is no mask. */
export function prefixOfMask(mask: string): number | null {
  if (isIP(mask) !== 4) return null;
  const bits = mask
    .split(".")
    .map((part) => Number(part).toString(2).padStart(8, "0"))
    .join("");
  return /^1*0*$/.test(bits) ? (bits.indexOf("0") === -1 ? 32 : bits.indexOf("0")) : null;
}

/** 24 is 255.255.255.0; null for a prefix that no IPv4 address has. */
export function maskOfPrefix(prefixLength: number): string | null {
  if (prefixLength < 0 || prefixLength > 32) return null;
  const bits = "1".repeat(prefixLength).padEnd(32, "0");
  return [0, 8, 16, 24].map((at) => Number.parseInt(bits.slice(at, at + 8), 2)).join(".");
}
