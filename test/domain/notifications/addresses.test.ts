import { describe, expect, it } from "vitest";
import { isAllowedAddress, parseNetworks } from "../../../src/domain/notifications/addresses.ts";
import { waitSeconds } from "../../../src/domain/notifications/back-off.ts";

describe("an address that a webhook leads to", () => {
  it.each(["8.8.8.8", "93.184.215.14", "172.32.0.1", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2a00:1450::1"])(
    "is public: %s",
    (address) => {
      expect(isAllowedAddress(address, [])).toBe(true);
    },
  );

  it.each([
    ["this host", "0.0.0.0"],
    ["loopback", "127.255.0.1"],
    ["private", "10.0.0.1"],
    ["private", "172.31.255.255"],
    ["private", "192.168.1.1"],
    ["shared", "100.64.0.1"],
    ["link-local, where clouds keep credentials", "169.254.169.254"],
    ["public, but the machine's own host in a cloud", "168.63.129.16"],
    ["multicast", "224.0.0.1"],
    ["reserved", "255.255.255.255"],
    ["loopback", "::1"],
    ["unspecified", "::"],
    ["link-local", "fe80::1"],
    ["link-local with its zone", "fe80::1%eth0"],
    ["unique local", "fd00::1"],
    ["mapped", "::ffff:10.0.0.1"],
    ["mapped, as hexadecimal digits", "::ffff:7f00:1"],
    ["compatible", "::127.0.0.1"],
    ["translated", "64:ff9b::a00:1"],
    ["6to4", "2002:7f00:1::"],
    ["Teredo", "2001:0:7f00:1::"],
    ["documentation", "2001:db8::1"],
    ["no address", "example.com"],
    ["no address", ""],
  ])("is not public: %s, %s", (_what, address) => {
    expect(isAllowedAddress(address, [])).toBe(false);
  });

  it("may be in a network that is allowed, however it is spelled", () => {
    const allowed = parseNetworks(["10.1.0.0/16", "fd00::/8", "127.0.0.1"]) ?? [];
    expect(["10.1.2.3", "::ffff:10.1.2.3", "fd12::1", "127.0.0.1"].map((address) => isAllowedAddress(address, allowed))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(["10.2.0.1", "::ffff:10.2.0.1", "fe80::1", "127.0.0.2"].map((address) => isAllowedAddress(address, allowed))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it.each(["10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "fd00::/129", "x", "10.0.0.0/8/8", "10.0.0.0/"])("%s is no network", (text) => {
    expect(parseNetworks([text])).toBeNull();
  });
});

describe("the pause before the next attempt", () => {
  it("doubles from 5 s to an hour, with a quarter of chance, and is as long as the receiver asks, up to the hour", () => {
    expect([0, 5, 10, 600, 3_600, 80_000].map((tried) => waitSeconds(tried, 1))).toEqual([5, 5, 10, 600, 3_600, 3_600]);
    expect([0, 600].map((tried) => waitSeconds(tried, 0))).toEqual([3.75, 450]);
    expect([30, 100_000].map((asked) => waitSeconds(5, 0, asked))).toEqual([30, 3_600]);
  });
});
