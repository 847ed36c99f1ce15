import { expect, test } from "bun:test";
import { readMessage, toEmbedUrl } from "../../../web/components/panopto-player";

test("a message of the player has its second, and other messages are not its own", () => {
  expect(readMessage('{"event":"timeUpdate","currentTime":31.5}')).toEqual({ seconds: 31.5 });
  expect(readMessage({ event: "ready" })).toEqual({});
  for (const time of [-1, "31", null]) {
    expect(readMessage({ event: "timeUpdate", currentTime: time })).toEqual({});
  }
  for (const other of ["", "{", "null", "7", null, undefined, {}, []]) {
    expect(readMessage(other)).toBeUndefined();
  }
});

test("only recordings of Panopto over https are shown in a frame", () => {
  const viewer = "https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=a1&start=5";
  expect(toEmbedUrl(viewer)).toBe(
    "https://uni.hosted.panopto.com/Panopto/Pages/Embed.aspx?id=a1&interactivity=none&showtitle=false",
  );
  for (const other of [
    null,
    "",
    "not an address",
    "javascript:alert(1)",
    viewer.replace("https", "http"),
    "https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx",
  ]) {
    expect(toEmbedUrl(other)).toBeUndefined();
  }
});
