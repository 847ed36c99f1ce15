import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cancelJob } from "../../../src/db/jobs/job-control";
import { listProviderCalls } from "../../../src/db/jobs/provider-calls";
import { SEES_ALL } from "../../../src/principal";

import { searchCourse } from "../../../src/retrieval/search";
import { withDatabase } from "../../support/database";
import { get } from "../../support/http";
import { openLectureWork } from "../../support/lecture-work";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openLectureWork(db);
const { app, site, request, workOnce, speech } = lab;
afterAll(() => lab.close());

const camera = { streams: [{ tag: "DV", file: "ts/master.m3u8" }] };
const SEGMENTS = [
  { start_ms: 0, end_ms: 2_000, text: "Das <b>Bit</b> ist die Einheit der Information." },
  { start_ms: 2_000, end_ms: 5_000, text: "Und was misst die Entropie?", speaker: "Anna" },
  { start_ms: 5_500, end_ms: 9_000, text: "Die fehlende Information.", speaker: "Bert" },
];

const read = async (id: string, query = "") => {
  const response = await app.handle(get(`/api/lectures/${id}/transcript${query}`));
  const type = response.headers.get("content-type")!;
  return { status: response.status, type, text: await response.text() };
};
const readJson = async (id: string, query = "") => JSON.parse((await read(id, query)).text);
const put = async (
  id: string,
  body: string | Uint8Array<ArrayBuffer>,
  type: string,
  query = "",
) => {
  const response = await app.handle(
    new Request(`http://localhost/api/lectures/${id}/transcript${query}`, {
      method: "PUT",
      body,
      headers: { "content-type": type },
    }),
  );
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const putSegments = (id: string, segments: object[] = SEGMENTS) =>
  put(id, JSON.stringify({ language_code: "de", segments }), "application/json");
const completed = async () => {
  const id = await request(site.addSession(camera));
  expect(await workOnce()).toBe("done");
  return id;
};

describe("GET transcript", () => {
  test("is not ready before there is one", async () => {
    const id = await request(site.addSession(camera));

    expect(await read(id)).toMatchObject({ status: 404 });
    expect(await readJson(id)).toMatchObject({ code: "transcript_not_ready" });
    await cancelJob(db, id);
  });

  test("answers text, and segments and words when they are asked for", async () => {
    const id = await completed();

    const plain = await readJson(id);
    const full = await readJson(id, "?segments=true&words=true");

    expect(plain).toEqual({
      lecture_id: id,
      language_code: "en",
      provider: "elevenlabs",
      transcript_text: expect.stringContaining("Entropy measures missing information."),
    });
    expect(full.segments[0]).toMatchObject({ start_ms: 0, speaker: "speaker_0" });
    expect(full.words[0]).toMatchObject({ start_ms: 0, text: "Entropy" });
    const again = await put(id, JSON.stringify(full), "application/json");
    expect(again.status).toBe(202);
    expect(await workOnce()).toBe("done");
    const { segments, words } = await readJson(id, "?segments=true&words=true");
    expect({ segments, words }).toEqual({ segments: full.segments, words: full.words });
  });
});

describe("PUT transcript", () => {
  test.each([
    ["vtt", "text/vtt", /^WEBVTT\n\n00:00:00\.000 --> 00:00:02\.000\nDas &lt;b&gt;Bit/],
    ["srt", "application/x-subrip", /^1\n00:00:00,000 --> 00:00:02,000\nDas </],
  ])("what is read as %s comes back without loss", async (format, type, beginning) => {
    const id = await completed();
    await putSegments(id);
    await workOnce();

    const file = await read(id, `?format=${format}`);
    expect(file).toMatchObject({ status: 200, type: `${type}; charset=utf-8` });
    expect(file.text).toMatch(beginning);
    expect((await put(id, file.text, type)).status).toBe(202);
    expect(await workOnce()).toBe("done");

    expect((await readJson(id, "?segments=true")).segments).toEqual(SEGMENTS);
    expect((await read(id, `?format=${format}`)).text).toBe(file.text);
    expect((await put(id, file.text, "application/octet-stream", `?format=${format}`)).status).toBe(
      202,
    );
    await workOnce();
  });

  test("replaces text, chunks and embeddings, and buys no transcription", async () => {
    const id = await completed();
    const paid = speech.counts.requests;
    const before = await lab.details(id);

    const { status, body } = await putSegments(id);

    expect({ status, body }).toEqual({
      status: 202,
      body: { lecture_id: id, job_id: expect.any(String) },
    });
    expect(await lab.details(id)).toMatchObject({
      status: "pending",
      // Questions are answered from the former transcript until the new one is embedded.
      chunk_count: before.chunk_count,
      language_code: "en",
      transcript_status: "completed",
      embed_status: "pending",
    });
    expect(await workOnce()).toBe("done");
    const after = await lab.details(id);
    expect(after).toMatchObject({
      status: "completed",
      embed_status: "completed",
      language_code: "de",
    });
    expect(after.last_job_id).not.toBe(before.last_job_id);
    const chunks = await db`
      select content, text_config::text, embedding is not null as embedded, metadata
      from lecture_chunks where lecture_id = ${id} order by chunk_index`;
    expect(chunks.map(({ content }) => content).join("\n")).toContain("Die fehlende Information.");
    expect(chunks.every(({ text_config, embedded }) => text_config === "german" && embedded)).toBe(
      true,
    );
    expect((await read(id, "?format=txt")).text).toContain("Anna: Und was misst die Entropie?");
    expect(speech.counts.requests).toBe(paid);
    expect((await listProviderCalls(db, id)).map(({ purpose }) => purpose)).toContain("transcribe");
  });

  test("shows the former transcript in all formats until the new one is embedded", async () => {
    const id = await completed();
    const shown = async () => ({
      json: await readJson(id, "?segments=true&words=true"),
      txt: (await read(id, "?format=txt")).text,
      vtt: (await read(id, "?format=vtt")).text,
      srt: (await read(id, "?format=srt")).text,
    });
    const before = await shown();

    await putSegments(id);
    const waiting = await shown();
    expect(await workOnce()).toBe("done");
    const after = await shown();

    expect(waiting).toEqual(before);
    for (const text of [after.json.transcript_text, after.txt, after.vtt, after.srt]) {
      expect(text).toContain("Die fehlende Information.");
    }
  });

  test("answers questions from the former transcript until the new one is embedded", async () => {
    const id = await completed();
    const ask = async () => {
      const request = { course_id: lab.course_id, query: "Information", top_k: 20 };
      const all = {
        ...request,
        viewer: SEES_ALL,
        sources: ["lectures" as const],
        mode: "hybrid" as const,
      };
      const found = await searchCourse(lab.tools, { ...all, lecture_ids: [id] }, ended.signal);
      const versions = new Set(found.map(({ citation }) => citation.sha256));
      return { text: found.map(({ content }) => content).join(" "), versions: [...versions] };
    };
    const ended = new AbortController();
    const before = await ask();

    await putSegments(id, [{ start_ms: 0, end_ms: 900, text: "Ein erster Versuch." }]);
    await putSegments(id);
    const waiting = await ask();
    const shown = await read(id, "/view");
    await cancelJob(db, id);
    const cancelled = await ask();
    await putSegments(id);
    expect(await workOnce()).toBe("done");
    const after = await ask();

    expect(before.text).toContain("missing information");
    expect([waiting, cancelled]).toEqual([before, before]);
    expect(shown.text).toContain("missing information");
    expect(after.text).toContain("Die fehlende Information");
    expect(after.text).not.toContain("missing information");
    expect(after.text).not.toContain("erster Versuch");
    expect([before.versions.length, after.versions.length]).toEqual([1, 1]);
    expect(after.versions).not.toEqual(before.versions);
    const left = await db`select from draft_transcripts where lecture_id = ${id}`;
    expect(left.count).toBe(0);
  });

  test("that is imported twice pays only for the embeddings of changed text", async () => {
    const id = await completed();
    await putSegments(id);
    await workOnce();
    const embedded = lab.openai.requests.length;

    await putSegments(id);

    expect(await workOnce()).toBe("done");
    expect(lab.openai.requests.length).toBe(embedded);
  });

  test("helps a lecture that failed, and takes over from a job at work", async () => {
    const failed = await request(site.addSession(camera));
    await workOnce({ transcriber: null });
    const waiting = await request(site.addSession(camera));

    for (const id of [failed, waiting]) {
      expect((await putSegments(id)).status).toBe(202);
      expect(await workOnce()).toBe("done");
      expect(await lab.details(id)).toMatchObject({
        status: "completed",
        transcript_status: "completed",
        embed_status: "completed",
      });
    }
    expect(await workOnce()).toBeNull();
  });

  test("refuses what it cannot read and leaves the transcript as it was", async () => {
    const id = await completed();
    const before = await readJson(id, "?segments=true");

    expect(await put(id, "no vtt", "text/vtt")).toMatchObject({
      status: 422,
      body: { code: "transcript_invalid" },
    });
    expect(await putSegments(id, [{ ...SEGMENTS[0]!, end_ms: -1 }])).toMatchObject({
      status: 422,
      body: { code: "transcript_invalid" },
    });
    expect(await put(id, "x", "text/plain")).toMatchObject({
      status: 415,
      body: { code: "content_type_invalid" },
    });
    expect(await put(id, "{", "application/json")).toMatchObject({
      status: 400,
      body: { code: "body_malformed" },
    });
    expect((await putSegments(crypto.randomUUID())).status).toBe(404);
    expect(await readJson(id, "?segments=true")).toEqual(before);
  });
});

describe("a file's letters", () => {
  const file = "1\n00:00:01,000 --> 00:00:02,000\nMüller\n";
  const latin1 = Uint8Array.from(Buffer.from(file, "latin1"));
  const utf16 = Uint8Array.from(Buffer.from(`\ufeff${file}`, "utf16le"));
  const json = `\ufeff${JSON.stringify([{ start_ms: 0, end_ms: 1_000, text: "Müller" }])}`;

  test.each([
    ["UTF-16 with its mark", utf16, "application/x-subrip"],
    ["the charset that is named", latin1, 'application/x-subrip; charset="ISO-8859-1"'],
    ["JSON with a mark", json, "application/json"],
  ])("are read as %s", async (_, body, type) => {
    const id = await request(site.addSession(camera));

    expect(await put(id, body, type, "?language=de-at")).toMatchObject({ status: 202 });

    expect(await readJson(id)).toMatchObject({ transcript_text: "Müller", language_code: "de-AT" });
    await cancelJob(db, id);
  });
});

describe("a file with defects", () => {
  const DEFECTIVE = "1\n-00:00:00,500 --> 00:00:04,000\nheat\n\n2\nsoon --> 00:00:09,000\nlost\n";
  const warnings = [
    { line: 2, message: "a time is before 0: 0 is used" },
    { line: 6, message: "the times cannot be read: this cue is left out" },
  ];

  test("is imported, and its defects are in the response and in an event", async () => {
    const id = await request(site.addSession(camera));

    const { status, body } = await put(id, DEFECTIVE, "text/plain");

    expect({ status, body }).toEqual({
      status: 202,
      body: { lecture_id: id, job_id: expect.any(String), warnings },
    });
    expect((await readJson(id)).transcript_text).toBe("heat");
    const events = await db`
      select event_type, payload from processing_events
      where asset_id = ${id} and event_type = 'transcript_warnings'`;
    expect([...events]).toEqual([{ event_type: "transcript_warnings", payload: { warnings } }]);
    expect((await lab.details(id)).metadata.warnings).toEqual(warnings);
    await cancelJob(db, id);
  });

  test("is read from a form, and as curl -T sends it: without a content type", async () => {
    const id = await request(site.addSession(camera));
    const form = new FormData();
    form.set("language", "de");
    form.set("file", new File(["00:01.000 --> 00:02.000\nWärme\n"], "week 1.vtt"));
    const path = `http://localhost/api/lectures/${id}/transcript`;

    const response = await app.handle(new Request(path, { method: "PUT", body: form }));

    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      warnings: [{ line: 1, message: "the first line is not WEBVTT" }],
    });
    expect(await readJson(id)).toMatchObject({ transcript_text: "Wärme", language_code: "de" });
    expect(await workOnce()).toBe("done");

    const bare = new Request(path, { method: "PUT", body: new Blob([DEFECTIVE]) });
    bare.headers.delete("content-type");
    expect((await app.handle(bare)).status).toBe(202);
    expect(await workOnce()).toBe("done");
    expect(await readJson(id)).toMatchObject({ transcript_text: "heat" });
  });

  test("of no known format gets an error that names what to do", async () => {
    const id = await request(site.addSession(camera));

    expect(await put(id, "heat flows", "text/plain")).toMatchObject({
      status: 415,
      body: { code: "content_type_invalid", detail: expect.stringContaining("?format=srt") },
    });
    await cancelJob(db, id);
  });
});
