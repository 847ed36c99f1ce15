import { describe, expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import { isPlaylist, pickSound, readPlaylist } from "../../../src/media/fetch/hls-playlist";

const HERE = new URL("https://cdn.example/lecture/master.panobf2?key=1");

const media = (...lines: string[]) =>
  ["#EXTM3U", "#EXT-X-TARGETDURATION:5", ...lines, "#EXT-X-ENDLIST"].join("\n");

function read(text: string) {
  try {
    return readPlaylist(text, HERE);
  } catch (error) {
    if (error instanceof AppError) return { code: error.errorCode, ...error.details };
    throw error;
  }
}

function pick(lines: string[], audioOnly = false): string {
  const playlist = readPlaylist(["#EXTM3U", ...lines].join("\n"), HERE);
  if (playlist.kind !== "master") throw new Error("not a master playlist");
  return pickSound(playlist, { audioOnly }).href;
}

describe("isPlaylist", () => {
  test("goes by the first line, with or without a byte order mark", () => {
    expect(isPlaylist("#EXTM3U\n#EXT-X-VERSION:3")).toBe(true);
    expect(isPlaylist("\uFEFF#EXTM3U\r\n")).toBe(true);
    expect(isPlaylist("<!DOCTYPE html>")).toBe(false);
    expect(isPlaylist("\u0000\u0000\u0000\u0020ftypisom")).toBe(false);
  });
});

describe("readPlaylist", () => {
  test("resolves addresses against the playlist's own and adds up the length", () => {
    const text = media("#EXTINF:4.5,", "0.ts", "#EXTINF:3.25,", "https://other.example/1.ts");

    expect(read(text)).toEqual({
      kind: "media",
      duration_ms: 7_750,
      pieces: [{ url: "https://cdn.example/lecture/0.ts" }, { url: "https://other.example/1.ts" }],
    });
  });

  test("puts a header before the segments that share it, and reads byte ranges", () => {
    const text = media(
      '#EXT-X-MAP:URI="all.mp4",BYTERANGE="700@0"',
      ...["#EXTINF:4,", "#EXT-X-BYTERANGE:1000@700", "all.mp4"],
      ...["#EXTINF:4,", "#EXT-X-BYTERANGE:900", "all.mp4"],
      '#EXT-X-MAP:URI="next.mp4"',
      ...["#EXTINF:4,", "next-1.m4s"],
    );
    const url = "https://cdn.example/lecture/all.mp4";

    expect(read(text)).toMatchObject({
      pieces: [
        { url, range: { offset: 0, length: 700 } },
        { url, range: { offset: 700, length: 1_000 } },
        { url, range: { offset: 1_700, length: 900 } },
        { url: "https://cdn.example/lecture/next.mp4" },
        { url: "https://cdn.example/lecture/next-1.m4s" },
      ],
    });
  });

  test("a key of method NONE is no encryption", () => {
    expect(read(media("#EXT-X-KEY:METHOD=NONE", "#EXTINF:4,", "0.ts"))).toMatchObject({
      kind: "media",
    });
  });

  test.each([
    ["encrypted", media('#EXT-X-KEY:METHOD=AES-128,URI="k"', "#EXTINF:4,", "0.ts")],
    ["the playlist is empty", media()],
    ["more than 20000 segments", media("#EXTINF:4,\n0.ts\n".repeat(20_001))],
    ["a broken byte range", media("#EXTINF:4,", "#EXT-X-BYTERANGE:abc@-5", "0.ts")],
    ["segments without a length", media("#EXTINF:,", "0.ts")],
    ["a broken address", media("#EXTINF:4,", "https://")],
  ])("refuses a playlist: %s", (reason, text) => {
    expect(read(text)).toMatchObject({ code: "recording_unsupported", reason });
  });

  test("a playlist without an end belongs to a recording that has none yet", () => {
    const text = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:4,\n0.ts\n";

    expect(read(text)).toMatchObject({ code: "recording_not_ready" });
  });
});

describe("pickSound", () => {
  const rendition =
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="English",DEFAULT=YES,URI="audio.m3u8"';
  const variant = (bandwidth: number, uri: string, codecs?: string, more = "") => [
    `#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth}${codecs ? `,CODECS="${codecs}"` : ""}${more}`,
    uri,
  ];
  const both = "avc1.4d401f,mp4a.40.2";

  test("prefers an audio rendition to everything else", () => {
    const group = ',AUDIO="a"';
    expect(
      pick([rendition, ...variant(900, "hd.m3u8", both, group), ...variant(90, "a.m3u8", both)]),
    ).toBe("https://cdn.example/lecture/audio.m3u8");
  });

  test("then a variant that is only sound, even at a higher bandwidth", () => {
    expect(pick([...variant(90, "sd.m3u8", both), ...variant(128, "a.m3u8", "mp4a.40.2")])).toBe(
      "https://cdn.example/lecture/a.m3u8",
    );
  });

  test("then the lowest bandwidth that has sound; unnamed codecs may have it", () => {
    const silent = variant(10, "silent.m3u8", "avc1.4d401f");
    expect(pick([...variant(900, "hd.m3u8", both), ...silent, ...variant(300, "sd.m3u8")])).toBe(
      "https://cdn.example/lecture/sd.m3u8",
    );
  });

  test("finds none where all variants are silent, or have pictures that nobody wants", () => {
    const isSilent = expect.objectContaining({ errorCode: "recording_without_sound" });
    expect(() => pick(variant(10, "silent.m3u8", "avc1.4d401f"))).toThrow(isSilent);
    expect(() => pick(variant(10, "sd.m3u8", both), true)).toThrow(isSilent);
  });
});
