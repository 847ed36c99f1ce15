import { describe, expect, test } from "bun:test";
import { AppError } from "../../../src/errors";
import { isPlaylist, listAudio, readPlaylist } from "../../../src/media/fetch/hls-playlist";

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

/** Names of the candidates, in order; `?` marks those without audio in the master's list. */
function pick(lines: string[], audioOnly = false): string[] {
  const playlist = readPlaylist(["#EXTM3U", ...lines].join("\n"), HERE);
  if (playlist.kind !== "master") throw new Error("not a master playlist");
  return listAudio(playlist, { audioOnly }).map(
    ({ url, listsAudio }) => url.pathname.split("/").at(-1) + (listsAudio ? "" : "?"),
  );
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
      ended: true,
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

  test("a playlist without an end has ended only when it is of type VOD", () => {
    const lines = ["#EXTM3U", "#EXT-X-TARGETDURATION:5", "#EXTINF:4,", "0.ts"];
    const text = (...more: string[]) =>
      [...lines.slice(0, 2), ...more, ...lines.slice(2)].join("\n");

    expect(read(text())).toMatchObject({ ended: false });
    expect(read(text("#EXT-X-PLAYLIST-TYPE:EVENT"))).toMatchObject({ ended: false });
    expect(read(text("#EXT-X-PLAYLIST-TYPE:VOD"))).toMatchObject({ ended: true });
  });

  test("a discontinuity, a new header and a gap start a new run on the playlist's clock", () => {
    const text = media(
      ...['#EXT-X-MAP:URI="a.mp4"', "#EXTINF:4,", "a0.m4s", "#EXTINF:2.5,", "a1.m4s"],
      ...["#EXT-X-DISCONTINUITY", "#EXTINF:4,", "a2.m4s"],
      ...["#EXT-X-GAP", "#EXTINF:4,", "missing.m4s", "#EXTINF:4,", "a4.m4s"],
      ...['#EXT-X-MAP:URI="b.mp4"', "#EXTINF:4,", "b0.m4s"],
    );
    const playlist = read(text);
    if (!("pieces" in playlist)) throw new Error("no media playlist");

    expect(playlist.duration_ms).toBe(22_500);
    expect(
      playlist.pieces.map(({ url, run_start_ms }) => [url.split("/").at(-1), run_start_ms]),
    ).toEqual([
      ["a.mp4", undefined],
      ["a0.m4s", undefined],
      ["a1.m4s", undefined],
      ["a.mp4", 6_500],
      ["a2.m4s", undefined],
      ["a.mp4", 14_500],
      ["a4.m4s", undefined],
      ["b.mp4", 18_500],
      ["b0.m4s", undefined],
    ]);
  });

  test("a gap at the start moves what follows it", () => {
    const text = media("#EXT-X-GAP", "#EXTINF:4,", "0.ts", "#EXTINF:4,", "1.ts");

    expect(read(text)).toMatchObject({ pieces: [{ run_start_ms: 4_000 }], duration_ms: 8_000 });
  });
});

describe("listAudio", () => {
  const media = (more: string, name = "English") =>
    `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="${name}",${more}`;
  const variant = (bandwidth: number, uri: string, codecs?: string, more = "") => [
    `#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth}${codecs ? `,CODECS="${codecs}"` : ""}${more}`,
    uri,
  ];
  const both = "avc1.4d401f,mp4a.40.2";
  const picture = "avc1.4d401f";
  const group = ',AUDIO="a"';

  test("prefers an audio rendition to everything else", () => {
    const rendition = media('DEFAULT=YES,URI="audio.m3u8"');
    expect(
      pick([rendition, ...variant(900, "hd.m3u8", both, group), ...variant(90, "a.m3u8", both)]),
    ).toEqual(["audio.m3u8"]);
  });

  test("without a default, prefers other audio to a description of the picture", () => {
    const described = 'CHARACTERISTICS="public.accessibility.describes-video",URI="ad.m3u8"';
    const renditions = [media(described, "AD"), media('URI="main.m3u8"', "Main")];

    expect(pick([...renditions, ...variant(900, "hd.m3u8", both, group)])).toEqual(["main.m3u8"]);
    expect(pick([renditions[0]!, ...variant(900, "hd.m3u8", both, group)])).toEqual(["ad.m3u8"]);
  });

  test("a default rendition without an address is the audio of its variant", () => {
    const renditions = [
      media("DEFAULT=YES,AUTOSELECT=YES"),
      media('DEFAULT=NO,URI="fr.m3u8"', "Traduction"),
    ];
    const lines = [
      ...renditions,
      ...variant(900, "hd.m3u8", both, group),
      ...variant(300, "sd.m3u8", picture, group),
    ];

    expect(pick(lines)[0]).toBe("sd.m3u8");
    expect(pick(lines, true)).toEqual([]);
  });

  test("then a variant that is only sound, even at a higher bandwidth", () => {
    expect(pick([...variant(90, "sd.m3u8", both), ...variant(128, "a.m3u8", "mp4a.40.2")])).toEqual(
      ["a.m3u8", "sd.m3u8"],
    );
  });

  test("then the lowest bandwidth that has sound; unnamed codecs may have it, others come last", () => {
    const silent = variant(10, "silent.m3u8", picture);
    expect(pick([...variant(900, "hd.m3u8", both), ...silent, ...variant(300, "sd.m3u8")])).toEqual(
      ["sd.m3u8", "hd.m3u8", "silent.m3u8?"],
    );
  });

  test("accepts no picture where only sound is wanted", () => {
    expect(pick(variant(10, "sd.m3u8", both), true)).toEqual([]);
    expect(pick(variant(10, "sd.m3u8", picture), true)).toEqual([]);
  });
});
