import { expect, test } from "bun:test";
import { isLoopback } from "../../../src/routes/http/authenticate";

test.each(["127.0.0.1", "127.8.9.1", "::1", "[::1]", "localhost", "::ffff:127.0.0.1"])(
  "%s is reachable from this machine only",
  (host) => {
    expect(isLoopback(host)).toBeTrue();
  },
);

test.each([
  "0.0.0.0",
  "::",
  "10.0.0.1",
  "192.168.1.4",
  "169.254.1.1",
  "localhost.example",
  "fly",
  "2001:db8::1",
  "127.1",
  "",
])("%j can be reachable from other machines", (host) => {
  expect(isLoopback(host)).toBeFalse();
});
