import { describe, expect, test } from "bun:test";
import { isPublicAddress } from "../../../src/media/fetch/addresses";

describe("isPublicAddress", () => {
  test.each(["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])(
    "lets %s pass",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  test.each([
    ["loopback", "127.0.0.1"],
    ["all interfaces", "0.0.0.0"],
    ["private", "10.1.2.3"],
    ["private", "172.16.0.1"],
    ["private", "192.168.1.1"],
    ["cloud metadata", "169.254.169.254"],
    ["carrier-grade NAT", "100.64.0.1"],
    ["benchmarking", "198.18.0.1"],
    ["multicast", "224.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["loopback", "::1"],
    ["all interfaces", "::"],
    ["mapped loopback", "::ffff:127.0.0.1"],
    ["mapped loopback in hex", "::ffff:7f00:1"],
    ["compatible loopback", "::127.0.0.1"],
    ["compatible loopback in hex", "::7f00:1"],
    ["compatible private in hex", "::a00:1"],
    ["not assigned", "4000::1"],
    ["translated loopback", "::ffff:0:127.0.0.1"],
    ["NAT64 loopback", "64:ff9b::7f00:1"],
    ["local NAT64", "64:ff9b:1::7f00:1"],
    ["6to4 loopback", "2002:7f00:1::"],
    ["Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    ["unique local", "fd00::1"],
    ["link-local", "fe80::1"],
    ["link-local with a zone", "fe80::1%eth0"],
    ["documentation", "2001:db8::1"],
    ["no address at all", "localhost"],
  ])("refuses %s: %s", (_, address) => expect(isPublicAddress(address)).toBe(false));
});
