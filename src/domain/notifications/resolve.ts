/** From a host name to the addresses that may be connected to. What is found here is what is connected to: no second look-up can lead elsewhere. */
import { lookup as systemLookup } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { isAllowedAddress, type Network } from "./addresses.ts";

export interface Address {
  readonly address: string;
  readonly family: number;
}

export type Lookup = (host: string) => Promise<readonly Address[]>;

export const lookup: Lookup = (host) => systemLookup(host, { all: true, verbatim: true });

/** A name, or an address without brackets. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, "");

/** None: the name leads to addresses that are not allowed, all of them. Rejects when it can't be resolved. */
export async function allowedAddresses(host: string, allowed: readonly Network[], find: Lookup): Promise<readonly Address[]> {
  const family = isIP(host);
  const found = family === 0 ? await find(host) : [{ address: host, family }];
  return found.filter(({ address }) => isAllowedAddress(address, allowed));
}

/** For a socket: the addresses that were found before, whatever it asks for. */
export function pinned(addresses: readonly Address[]): LookupFunction {
  return (_host, options, done) => {
    const [first] = addresses;
    if (options.all) done(null, [...addresses]);
    else if (first) done(null, first.address, first.family);
    else done(new Error("no address"), "");
  };
}
