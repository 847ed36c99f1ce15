import { describe, expect, test } from "bun:test";
import { openHostRules } from "../../../src/media/fetch/host-rules";

const listing = openHostRules(["*.panopto.com", " Player.Kent.ac.uk", "127.0.0.1:4000", ""]);

describe("openHostRules", () => {
  test.each([
    ["https://uni.panopto.com/x", "public"],
    ["https://uni.hosted.panopto.com:443/x", "public"],
    ["https://player.kent.ac.uk/x", "public"],
    ["http://127.0.0.1:4000/x", "private"],
    ["https://panopto.com/", null],
    ["https://evilpanopto.com/", null],
    ["https://uni.panopto.com.evil.example/", null],
    ["https://uni.panopto.com:8443/", null],
    ["http://127.0.0.1:4001/", null],
    ["http://127.0.0.1/", null],
  ] as const)("lists %s as %s", (address, expected) => {
    expect(listing(new URL(address))).toBe(expected);
  });
});
