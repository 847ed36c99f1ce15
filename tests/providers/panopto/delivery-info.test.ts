import { describe, expect, test } from "bun:test";
import { readDeliveryInfo, toRecording } from "../../../src/providers/panopto/delivery-info";
import { listSources } from "../../../src/providers/panopto/sources";

const session_id = "4d2b8f0e-3a57-4c3e-9d7b-b0a100d2f3c4";
const address = { origin: "https://uni.panopto.com", host: "uni.panopto.com", session_id };
const recordingOf = (delivery: object) =>
  toRecording(address, readDeliveryInfo(JSON.stringify({ Delivery: delivery })));

describe("readDeliveryInfo", () => {
  test.each([
    ["a login", { ErrorCode: 2, ErrorMessage: "Unauthorized" }, "panopto_login_required"],
    [
      "no session",
      { ErrorCode: 1, ErrorMessage: "Session not found" },
      "panopto_session_not_found",
    ],
    ["a login, as text", { ErrorCode: "2" }, "panopto_login_required"],
    ["another refusal", { ErrorCode: 9, ErrorMessage: "Not yet available" }, "panopto_refused"],
    ["nothing", {}, "panopto_refused"],
    [
      "a session in work",
      { ErrorCode: 5, ErrorMessage: "Still processing" },
      "recording_processing",
    ],
    [
      "a session in work, without streams",
      { Delivery: { Duration: 0, Streams: [] } },
      "recording_processing",
    ],
    ["a live session", { Delivery: { IsActiveBroadcast: true } }, "recording_not_ready"],
    ["no object", [], "provider_answer_invalid"],
  ])("%s", (_, answer, errorCode) => {
    const failure = expect.objectContaining({ errorCode });
    expect(() => readDeliveryInfo(JSON.stringify(answer))).toThrow(failure);
  });

  test("passes on what Panopto said", () => {
    const message = expect.stringMatching(/^Panopto said: "The session is archived\.".*upload/);
    const details = { panopto_message: "The session is archived.", message };
    const text = JSON.stringify({ ErrorCode: 9, ErrorMessage: "The session\u0000 is archived. " });

    expect(() => readDeliveryInfo(text)).toThrow(expect.objectContaining({ details }));
  });
});

describe("toRecording", () => {
  test("reads title, length, slide changes in order and caption languages", () => {
    const recording = recordingOf({
      SessionName: " Entropy\u0000 1 ",
      Duration: 12.3456,
      HasCaptions: true,
      AvailableLanguages: [4, "0", 77, null],
      Timestamps: [
        {
          Time: 9.5,
          Caption: "Second law",
          EventTargetType: "PowerPoint",
          ObjectSequenceNumber: 2,
        },
        { Time: 0, Caption: "Start", EventTargetType: "PowerPoint", ObjectSequenceNumber: 1 },
        { Time: 4, EventTargetType: "PowerPoint" },
        { Time: 5, Caption: "a bookmark", EventTargetType: "Primary" },
        { Time: "soon", EventTargetType: "PowerPoint" },
      ],
    });

    expect(recording).toEqual({
      ...address,
      title: "Entropy 1",
      duration_ms: 12_346,
      slide_changes: [
        { time_ms: 0, caption: "Start", sequence: 1 },
        { time_ms: 4_000 },
        { time_ms: 9_500, caption: "Second law", sequence: 2 },
      ],
      caption_languages: ["de-DE", "en-US", "und-x-panopto-77"],
    });
  });

  test("odd fields cost only themselves", () => {
    const odd = {
      SessionName: 7,
      Duration: "long",
      Timestamps: "none",
      Streams: {},
      HasCaptions: 1,
    };

    expect(recordingOf(odd)).toEqual({
      ...address,
      title: session_id,
      duration_ms: null,
      slide_changes: [],
      caption_languages: [],
    });
  });
});

describe("listSources", () => {
  const delivery = readDeliveryInfo(
    JSON.stringify({
      Delivery: {
        Duration: 100,
        Streams: [
          { StreamUrl: "https://cdn.example/screen", Tag: "SCREEN" },
          { StreamUrl: null, Tag: "OBJECT" },
          {
            StreamUrl: "https://cdn.example/camera",
            Tag: "DV",
            RelativeStart: 5,
            RelativeEnd: 95.5,
          },
          { StreamUrl: "https://cdn.example/sound", Tag: "AUDIO" },
        ],
        PodcastStreams: [{ StreamUrl: "https://cdn.example/all.mp4" }],
      },
    }),
  );
  const names = (signedIn: boolean) =>
    listSources(address, delivery, { signedIn }).map(({ name, parts }) =>
      [name, ...parts.map(({ url }) => url)].join(" "),
    );

  test("go from the fewest bytes to the most, and leave out what has no address", () => {
    expect(names(true)).toEqual([
      `podcast_audio https://uni.panopto.com/Panopto/Podcast/Download/${session_id}.mp4?mediaTargetType=audioPodcast`,
      "audio_stream https://cdn.example/sound",
      "audio_rendition https://cdn.example/camera",
      "audio_rendition https://cdn.example/screen",
      "podcast_video https://cdn.example/all.mp4",
      "stream https://cdn.example/camera",
      "stream https://cdn.example/screen",
    ]);
  });

  test("leave the podcast out for strangers", () => {
    expect(names(false)[0]).toBe("audio_stream https://cdn.example/sound");
  });

  test("know where in the recording a stream begins and how long it is", () => {
    const sources = listSources(address, delivery, { signedIn: false });

    expect(sources.find(({ parts }) => parts[0]!.url.endsWith("camera"))).toMatchObject({
      parts: [{ pieces: [{ from_ms: 0, at_ms: 5_000 }], announced_duration_ms: 90_500 }],
      end_ms: 95_500,
    });
  });

  const sourcesOf = (streams: object[], duration = 100) =>
    listSources(
      address,
      readDeliveryInfo(JSON.stringify({ Delivery: { Duration: duration, Streams: streams } })),
      { signedIn: false },
    ).filter(({ name }) => name === "stream");

  test("join streams of one kind that follow each other", () => {
    const stream = (url: string, RelativeStart: number, RelativeEnd: number, Tag = "DV") => ({
      StreamUrl: `https://cdn.example/${url}`,
      Tag,
      RelativeStart,
      RelativeEnd,
    });
    const sources = sourcesOf([
      stream("b", 40, 100),
      stream("screen", 0, 100, "SCREEN"),
      stream("a", 0, 39.5),
    ]);

    expect(sources.map(({ parts }) => parts.map(({ url }) => url.at(-1)))).toEqual([
      ["a", "b"],
      ["n"],
    ]);
    expect(sources[0]).toMatchObject({
      parts: [{ pieces: [{ at_ms: 0 }] }, { pieces: [{ at_ms: 40_000 }] }],
      end_ms: 100_000,
    });
  });

  test("prefer a stream of the whole session to a camera that ran for a part of it", () => {
    const sources = sourcesOf([
      { StreamUrl: "https://cdn.example/a", Tag: "DV", RelativeStart: 0, RelativeEnd: 20 },
      { StreamUrl: "https://cdn.example/b", Tag: "SCREEN", RelativeStart: 0, RelativeEnd: 100 },
    ]);

    expect(sources.map(({ parts }) => parts[0]!.url.at(-1))).toEqual(["b", "a"]);
  });

  test("use StreamHttpUrl where StreamUrl is missing or of another protocol, and as a second way", () => {
    const http = "https://cdn.example/http.mp4";
    const hls = "https://cdn.example/master.m3u8";
    const urlsOf = (StreamUrl: string | null) =>
      sourcesOf([{ StreamUrl, StreamHttpUrl: http, Tag: "DV" }]).map(({ parts }) => parts[0]!.url);

    expect(urlsOf(null)).toEqual([http]);
    expect(urlsOf("rtmp://cdn.example/live")).toEqual([http]);
    expect(urlsOf(hls)).toEqual([hls, http]);
  });

  test("know the parts of a trimmed stream", () => {
    const [source] = sourcesOf(
      [
        {
          StreamUrl: "https://cdn.example/a",
          Tag: "DV",
          RelativeStart: 0,
          RelativeEnd: 8,
          RelativeSegments: [
            { Start: 7, RelativeStart: 3, End: 12 },
            { Start: 0, RelativeStart: 0, End: 3 },
          ],
        },
      ],
      8,
    );

    expect(source).toMatchObject({
      parts: [
        {
          announced_duration_ms: 12_000,
          pieces: [
            { from_ms: 0, until_ms: 3_000, at_ms: 0 },
            { from_ms: 7_000, until_ms: 12_000, at_ms: 3_000 },
          ],
        },
      ],
      end_ms: 8_000,
    });
  });
});
