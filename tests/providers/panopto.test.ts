import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { AppError, isRetryable } from "../../src/errors";
import { probeMedia } from "../../src/media/probe-audio";
import { openPanopto } from "../../src/providers/panopto";
import { failureOf } from "../support/failures";
import { openCanary } from "../support/panopto";
import { HASTE, openPanoptoClients } from "../support/panopto/clients";
import { answer, loginPage, redirectTo, silence } from "../support/panopto/faults";
import { sampleMedia } from "../support/panopto/media";

const { signal } = new AbortController();
const canary = openCanary();
const clients = openPanoptoClients();
const { open, folder } = clients;
const SRT = "1\n00:00:00,000 --> 00:00:02,000\nEntropy measures missing information.\n";
afterAll(() => {
  clients.close();
  canary.close();
});

const camera = { tag: "DV", file: "ts/master.m3u8" };

describe("identify", () => {
  test("refuses a site that is not in the allow-list", () => {
    const panopto = openPanopto({ allowedHosts: ["*.panopto.com"] });
    const id = crypto.randomUUID();

    expect(() =>
      panopto.identify(`https://evil.example/Panopto/Pages/Viewer.aspx?id=${id}`),
    ).toThrow(
      expect.objectContaining({
        errorCode: "address_blocked",
        details: expect.objectContaining({
          message: expect.stringMatching(/^evil\.example.*PANOPTO_ALLOWED_HOSTS.*upload/),
        }),
      }),
    );
  });
});

test("an old link to an allowed site is asked for over https", () => {
  const panopto = openPanopto({ allowedHosts: ["*.panopto.com"] });
  const id = crypto.randomUUID();

  const { origin } = panopto.identify(`http://uni.panopto.com/Panopto/Pages/Viewer.aspx?id=${id}`);

  expect(origin).toBe("https://uni.panopto.com");
});

describe("describe", () => {
  test("describes a public session", async () => {
    const { panopto, add } = await open();
    const address = add({
      slides: [{ seconds: 3, caption: "Second law" }],
      captions: { 0: "captions.srt" },
    });

    expect(await panopto.describe(address, signal)).toEqual({
      ...address,
      title: "Entropy, lecture 1",
      duration_ms: 12_000,
      slide_changes: [{ time_ms: 3_000, caption: "Second law", sequence: 1 }],
      caption_languages: ["en-US"],
    });
  });

  test.each([
    ["a server error that passes", answer(500), 1],
    ["a busy site", answer(429, "", { "retry-after": "1" }), 1],
    ["silence that passes", silence, 1],
  ])("survives %s", async (_, fault, times) => {
    const { site, panopto, add } = await open();
    site.fault("DeliveryInfo", fault, times);

    expect((await panopto.describe(add({}), signal)).title).toBe("Entropy, lecture 1");
  });

  test.each([
    ["a login page for data", loginPage, "panopto_login_required"],
    [
      "a redirect to a login",
      redirectTo("/Panopto/Pages/Auth/Login.aspx"),
      "panopto_login_required",
    ],
    ["401", answer(401), "panopto_login_required"],
    ["403", answer(403), "panopto_login_required"],
    ["404", answer(404), "panopto_session_not_found"],
    ["half an answer", answer(200, '{"Delivery": {'), "provider_answer_invalid"],
    ["503", answer(503), "provider_unavailable"],
    ["no answer", silence, "fetch_timeout"],
  ])("%s has a code of its own", async (_, fault, code) => {
    const { site, panopto, add } = await open(fault === silence ? { patience: HASTE } : {});
    site.fault("DeliveryInfo", fault);

    expect((await failureOf(panopto.describe(add({}), signal))).code).toBe(code);
  });

  test("a redirect to a private address is not followed", async () => {
    const { site, panopto, add } = await open();
    site.fault("DeliveryInfo", redirectTo(canary.origin));

    expect((await failureOf(panopto.describe(add({}), signal))).code).toBe(
      "panopto_login_required",
    );
    expect(canary.hits).toBe(0);
  });

  test("an unknown session and a live one say so", async () => {
    const { panopto, add } = await open();
    const unknown = { ...add({}), session_id: crypto.randomUUID() };

    expect((await failureOf(panopto.describe(unknown, signal))).code).toBe(
      "panopto_session_not_found",
    );
    expect((await failureOf(panopto.describe(add({ live: true }), signal))).code).toBe(
      "recording_not_ready",
    );
  });

  test("a session that Panopto still processes is tried again later", async () => {
    const { panopto, add } = await open();

    expect(await failureOf(panopto.describe(add({ processing: true }), signal))).toMatchObject({
      code: "recording_processing",
      panopto_message: "This session is still being processed.",
    });
    expect(isRetryable(new AppError("recording_processing"))).toBeTrue();
  });
});

describe("download", () => {
  test.each([
    ["podcast_audio", { podcast_audio: "sound.mp3", streams: [camera] }],
    ["audio_stream", { streams: [camera, { tag: "AUDIO", file: "fmp4/media.m3u8" }] }],
    [
      "audio_rendition",
      { streams: [{ tag: "DV", file: "both/master.m3u8" }], podcast_video: "video.mp4" },
    ],
    ["podcast_video", { streams: [camera], podcast_video: "video.mp4" }],
    ["stream", { streams: [{ tag: "OBJECT", file: null }, camera] }],
  ])("takes the %s when that is the least", async (source, session) => {
    const { add, download } = await open({ cookie: "right" });
    const recording = await download(add(session));
    const media = await probeMedia(recording.path, { signal });

    expect(recording).toEqual({
      path: join(folder, "recording"),
      source,
      announced_duration_ms: 12_000,
      offset_ms: 0,
    });
    expect(media?.audio).not.toBeNull();
    expect(Math.abs(media!.duration_ms! - 12_000)).toBeLessThan(200);
  });

  test("goes on to the streams where podcast downloads are switched off", async () => {
    const { site, add, download } = await open({ cookie: "right" });

    expect((await download(add({ streams: [camera] }))).source).toBe("stream");
    expect(site.hits("audioPodcast")).toBe(1);
    expect(site.hits("DeliveryInfo")).toBe(1);
  });

  test("passes over a view without sound", async () => {
    const { add, download } = await open();
    const silent = { tag: "DV", file: "silent.mp4" };
    const screen = { tag: "SCREEN", file: "ts/media.m3u8" };

    expect((await download(add({ streams: [silent, screen] }))).source).toBe("stream");
    expect((await failureOf(download(add({ streams: [silent] })))).code).toBe(
      "recording_without_sound",
    );
  });

  test("passes over a stream that is shorter than Panopto states", async () => {
    const { add, download } = await open();
    const camera = { tag: "DV", file: "ts/master.m3u8", ends_at_seconds: 60 };
    const screen = { tag: "SCREEN", file: "video.mp4", ends_at_seconds: 12 };

    expect((await download(add({ duration_seconds: 12, streams: [camera, screen] }))).source).toBe(
      "stream",
    );
    expect((await failureOf(download(add({ streams: [camera] })))).code).toBe(
      "recording_incomplete",
    );
  });

  test("says where a stream begins that started late", async () => {
    const { add, download } = await open();
    const late = { ...camera, starts_at_seconds: 30, ends_at_seconds: 42 };

    expect(await download(add({ duration_seconds: 60, streams: [late] }))).toMatchObject({
      offset_ms: 30_000,
      announced_duration_ms: 12_000,
    });
  });

  test("asks for the addresses again, once, when they have expired", async () => {
    const { site, add, download } = await open();
    site.fault("media2.ts", answer(403), 1);
    await download(add({ streams: [{ tag: "AUDIO", file: "ts/media.m3u8" }] }));

    expect(site.hits("DeliveryInfo")).toBe(2);
    expect(site.hits("media0.ts")).toBe(2);
  });

  test("gives up when the addresses are still refused", async () => {
    const { site, add, download } = await open();
    site.fault(".m3u8", answer(403));
    const address = add({ streams: [{ tag: "AUDIO", file: "ts/media.m3u8" }] });

    expect((await failureOf(download(address))).code).toBe("media_refused");
    expect(site.hits("DeliveryInfo")).toBe(2);
  });

  test("never touches a private address that Panopto names", async () => {
    const { add, download } = await open();
    for (const file of [
      `${canary.origin}/a.m3u8`,
      "https://169.254.169.254/a",
      "file:///etc/passwd",
    ]) {
      const failure = await failureOf(download(add({ streams: [{ tag: "AUDIO", file }] })));
      expect(failure.code).toBe("address_blocked");
    }
    expect(canary.hits).toBe(0);
  });

  test("never touches a private address behind a public name", async () => {
    const asked: string[] = [];
    const resolve = async (hostname: string) => {
      asked.push(hostname);
      return asked.length === 1 ? ["93.184.216.34", "127.0.0.1"] : ["127.0.0.1"];
    };
    const { add, download } = await open({ resolve });
    const streams = [{ tag: "AUDIO", file: "https://cdn.example/a.m3u8" }];

    for (const times of [1, 2]) {
      expect((await failureOf(download(add({ streams })))).code).toBe("address_blocked");
      expect(asked).toHaveLength(times); // blocked is blocked: it is not tried again
    }
  });

  test("says that there is nothing to play, or nothing playable", async () => {
    const { site, add, download } = await open();

    expect((await failureOf(download(add({})))).code).toBe("panopto_no_streams");

    site.fault("sound.mp3", answer(200, "these are no media".repeat(100)));
    const address = add({ streams: [{ tag: "AUDIO", file: "sound.mp3" }] });
    expect((await failureOf(download(address))).code).toBe("recording_unsupported");
  });

  test("stops when the caller gives up", async () => {
    const { site, panopto, add } = await open();
    site.fault("media3.ts", silence);
    const caller = new AbortController();
    const address = add({ streams: [camera] });
    const stopOnSecond = ({ done }: { done: number }) => done === 2 && caller.abort("deleted");

    const work = panopto.download(address, folder, stopOnSecond, caller.signal);
    expect(await work.catch((reason) => reason)).toBe("deleted");
  });
});

describe("fetchCaptions", () => {
  test("answers the SRT of the first language, or of the one that is asked for", async () => {
    const { panopto, add } = await open();
    await Bun.write(join(await sampleMedia(), "captions.srt"), SRT);
    const address = add({ captions: { 4: "captions.srt" } });

    const captions = { srt: SRT, language: "en" }; // the text is English, whatever its number
    expect(await panopto.fetchCaptions(address, undefined, signal)).toEqual(captions);
    expect(await panopto.fetchCaptions(address, "de-DE", signal)).toEqual(captions);
  });

  test("an empty body, a page and an unknown language are no captions", async () => {
    const { site, panopto, add } = await open();
    const address = add({});

    expect(await panopto.fetchCaptions(address, undefined, signal)).toBeNull();
    expect(await panopto.fetchCaptions(address, "en-US", signal)).toBeNull();
    expect(await panopto.fetchCaptions(address, "tlh", signal)).toBeNull();
    site.fault("GenerateSRT", answer(200, "<!-- no captions -->"));
    expect(await panopto.fetchCaptions(address, "en-US", signal)).toBeNull();
  });
});
