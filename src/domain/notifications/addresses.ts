/** Which addresses a webhook may lead to: public ones, and networks that the settings name. Pure. */
import { BlockList, isIP } from "node:net";

/** An address with the length of its prefix. */
export interface Network {
  readonly address: string;
  readonly prefixLength: number;
}

/** 10.1.0.0/16, or an address alone; null when one of them is neither. */
export function parseNetworks(texts: readonly string[]): readonly Network[] | null {
  const networks = texts.map(parseNetwork);
  return networks.every((network) => network !== null) ? networks : null;
}

function parseNetwork(text: string): Network | null {
  const [address = "", prefix, ...rest] = text.split("/");
  const bits = bitsOf(address);
  if (bits === 0 || rest.length > 0 || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) return null;
  const prefixLength = prefix === undefined ? bits : Number(prefix);
  return prefixLength <= bits ? { address, prefixLength } : null;
}

const bitsOf = (address: string): number => ({ 4: 32, 6: 128 })[isIP(address)] ?? 0;
const familyOf = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");

function listOf(networks: readonly Network[]): BlockList {
  const list = new BlockList();
  for (const { address, prefixLength } of networks) list.addSubnet(address, prefixLength, familyOf(address));
  return list;
}

/** Not private, but answered by the host of Azure's machines, with what belongs to them. */
const ofClouds = ["168.63.129.16"];

/** This network, private, shared, loopback, link-local, benchmarks, documentation, relays, multicast, reserved. (IANA: special-purpose address registries.) */
const special4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** Of what is global unicast: protocol assignments with Teredo, documentation, 6to4. An IPv4 address may hide in two of them. */
const special6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const specials = listOf(parseNetworks([...special4, ...special6, ...ofClouds]) ?? []);
const globalUnicast = listOf([{ address: "2000::", prefixLength: 3 }]);

/** ::ffff:10.0.0.1 is 10.0.0.1, however it is spelled. */
function unmapped(address: string): string {
  if (isIP(address) !== 6) return address;
  const spelled = new URL(`http://[${address.replace(/%.*$/, "")}]`).hostname;
  const [, high, low] = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(spelled) ?? [];
  if (high === undefined || low === undefined) return address;
  const [h, l] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [h >> 8, h & 255, l >> 8, l & 255].join(".");
}

function isPublic(address: string): boolean {
  const family = familyOf(address);
  if (family === "ipv6" && !globalUnicast.check(address, family)) return false;
  return !specials.check(address, family);
}

/** What is no address at all is not allowed. */
export function isAllowedAddress(given: string, allowed: readonly Network[]): boolean {
  const address = unmapped(given);
  if (isIP(address) === 0) return false;
  return isPublic(address) || listOf(allowed).check(address, familyOf(address));
}
