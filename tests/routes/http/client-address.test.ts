import { expect, test } from "bun:test";
import { clientAddress } from "../../../src/routes/http/client-address";

const addressOf = (peer: string | null, forwarded: string | null, trusted: string[]) =>
  clientAddress(
    new Request("http://localhost", {
      headers: forwarded === null ? {} : { "x-forwarded-for": forwarded },
    }),
    { requestIP: () => (peer === null ? null : { address: peer }) },
    trusted,
  );

test.each([
  ["the peer without a proxy", "203.0.113.9", null, [], "203.0.113.9"],
  ["the peer if it is no trusted proxy", "203.0.113.9", "1.2.3.4", ["10.0.0.0/8"], "203.0.113.9"],
  ["the client of a trusted proxy", "10.1.2.3", "203.0.113.9", ["10.0.0.0/8"], "203.0.113.9"],
  ["not what the client claims", "10.1.2.3", "6.6.6.6, 203.0.113.9", ["10.0.0.0/8"], "203.0.113.9"],
  ["behind two proxies", "10.1.2.3", "203.0.113.9, 10.9.9.9", ["10.0.0.0/8"], "203.0.113.9"],
  ["a proxy itself", "10.1.2.3", null, ["10.0.0.0/8"], "10.1.2.3"],
  ["the proxy for text that is no address", "10.1.2.3", "unknown", ["10.1.2.3"], "10.1.2.3"],
  ["an IPv4 address in IPv6", "::ffff:203.0.113.9", null, [], "203.0.113.9"],
  ["a trusted IPv4 address in IPv6", "::ffff:10.1.2.3", "203.0.113.9", ["10.1.2.3"], "203.0.113.9"],
  ["the network of an IPv6 client", "2001:db8:1:2:3:4:5:6", null, [], "2001:db8:1:2::/64"],
  ["the client of an IPv6 proxy", "fd00::1", "2001:db8::9", ["fd00::/8"], "2001:db8:0:0::/64"],
  ["nothing without a connection", null, "1.2.3.4", ["0.0.0.0/0"], null],
])("the address of a client is %s", (_, peer, forwarded, trusted, address) => {
  expect(addressOf(peer, forwarded, trusted)).toBe(address);
});
