import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { listCourseAssets } from "../../../src/db/chat/chat-reads";
import { listAssets } from "../../../src/db/courses";
import { cancelJob } from "../../../src/db/jobs/job-control";
import { SEES_ALL } from "../../../src/principal";

import { searchCourse } from "../../../src/retrieval/search";
import { migratedDatabase } from "../../support/database";
import { createCourse } from "../../support/factories";
import { get, postFile } from "../../support/http";
import { openLectureWork } from "../../support/lecture-work";

setDefaultTimeout(120_000);

const db = await migratedDatabase();
const lab = await openLectureWork(db);
const { app, workOnce, tools } = lab;
afterAll(async () => {
  await lab.close();
  await db.end();
});

const SRT = [
  "1\n00:00:00,000 --> 00:01:14,000\nJane Doe: Welcome to the course.\n",
  "2\n00:01:15,400 --> 00:01:20,000\nJane Doe: Entropy measures <missing> information & surprise.\n",
].join("\n");

const post = async (
  fields: Record<string, string>,
  file = { name: "Week 3.srt", text: SRT },
  headers: Record<string, string> = {},
) => {
  const request = postFile("/api/lectures/transcript", fields, {
    name: file.name,
    bytes: new TextEncoder().encode(file.text),
    type: "application/octet-stream",
  });
  for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
  const response = await app.handle(request);
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared, not computed with
  return { status: response.status, body: (await response.json()) as any };
};
const read = async (path: string) => (await app.handle(get(path))).json();
const citationUrls = async (course_id: string) => {
  const found = await searchCourse(
    { db, embedder: tools.embedder, reranker: null },
    {
      course_id,
      query: "What does entropy measure?",
      top_k: 5,
      viewer: SEES_ALL,
      sources: ["lectures"],
      mode: "hybrid",
    },
    new AbortController().signal,
  );
  return found.map(({ citation }) => citation.url);
};

describe("POST /api/lectures/transcript", () => {
  test("makes a lecture that is completed without audio, and whose citations open the video", async () => {
    const course_id = await createCourse(db);
    const media_url = "https://www.youtube.com/watch?v=x";

    const { status, body } = await post({ course_id, title: "Entropy", media_url });

    expect({ status, body }).toEqual({
      status: 202,
      body: { lecture_id: expect.any(String), job_id: expect.any(String) },
    });
    expect(await workOnce()).toBe("done");
    expect(await read(`/api/lectures/${body.lecture_id}`)).toMatchObject({
      title: "Entropy",
      source: "transcript",
      media_url,
      panopto_url: null,
      status: "completed",
      transcript_status: "completed",
      embed_status: "completed",
      language_code: "en",
      links: { viewer: media_url },
    });
    expect(await read(`/api/lectures/${body.lecture_id}/status`)).toMatchObject({
      status: "completed",
    });
    expect(await citationUrls(course_id)).toEqual([`${media_url}&t=75`]);
    // Without audio, the length is that of the transcript.
    const assets = await listAssets(db, course_id, SEES_ALL, { limit: 10 });
    expect(assets.items).toMatchObject([{ title: "Entropy", duration_seconds: 80 }]);
    const sources = await listCourseAssets(db, { course_id, viewer: SEES_ALL }, 10);
    expect(sources).toMatchObject([{ title: "Entropy", duration_ms: 80_000 }]);
  });

  test("without a recording, citations open the transcript, titled by its file", async () => {
    const course_id = await createCourse(db);
    const { body } = await post({ course_id });
    expect(await workOnce()).toBe("done");

    const view = `/api/lectures/${body.lecture_id}/transcript/view`;
    expect(await citationUrls(course_id)).toEqual([`${view}?t=75#t=75`]);
    expect(await read(`/api/lectures/${body.lecture_id}`)).toMatchObject({ title: "Week 3" });
  });

  test("reports defects in the response and in an event", async () => {
    const course_id = await createCourse(db);
    const file = { name: "x.srt", text: SRT.replace("00:01:20,000", "later") };

    const { status, body } = await post({ course_id }, file);

    const warnings = [{ line: 6, message: "the times cannot be read: this cue is left out" }];
    expect({ status, warnings: body.warnings }).toEqual({ status: 202, warnings });
    const events = await read(`/api/lectures/${body.lecture_id}/events`);
    expect(events.items).toContainEqual(
      expect.objectContaining({ event_type: "transcript_warnings", payload: { warnings } }),
    );
    await cancelJob(db, body.lecture_id);
  });

  test("answers a repeated key with the first lecture", async () => {
    const course_id = await createCourse(db);
    const key = { "idempotency-key": crypto.randomUUID() };

    const first = await post({ course_id }, undefined, key);

    expect(await post({ course_id }, undefined, key)).toEqual(first);
    await cancelJob(db, first.body.lecture_id);
  });

  test("retries a failed job and takes a better transcript", async () => {
    const course_id = await createCourse(db);
    const { body } = await post({ course_id });
    await cancelJob(db, body.lecture_id);
    await workOnce();

    const path = `http://localhost/api/lectures/${body.lecture_id}`;
    expect((await app.handle(new Request(`${path}/retry`, { method: "POST" }))).status).toBe(202);
    expect(await workOnce()).toBe("done");
    const better = new Request(`${path}/transcript`, { method: "PUT", body: SRT });
    expect((await app.handle(better)).status).toBe(202);
    expect(await workOnce()).toBe("done");
  });

  test.each([
    ["an unknown course", { course_id: crypto.randomUUID() }, SRT, 404, "course_not_found"],
    ["no course", { course_id: "" }, SRT, 422, "request_invalid"],
    ["a script as address", { media_url: "javascript:alert(1)" }, SRT, 422, "request_invalid"],
    ["a file as address", { media_url: "file:///etc/passwd" }, SRT, 422, "request_invalid"],
    ["a password in it", { media_url: "https://a:b@c.example/" }, SRT, 422, "request_invalid"],
    ["no address", { media_url: "lecture 3" }, SRT, 422, "request_invalid"],
    ["a file without cues", {}, "1\nsoon --> later\nx", 415, "content_type_invalid"],
    ["broken JSON by its name", { format: "json" }, "{", 400, "body_malformed"],
    ["an unknown language", { language: "gibberish!" }, SRT, 422, "request_invalid"],
  ])("refuses %s and adds nothing", async (_, fields, text, status, code) => {
    const course_id = await createCourse(db);

    const refused = await post({ course_id, ...fields }, { name: "x", text });

    expect(refused).toMatchObject({ status, body: { code } });
    expect(await db`select from lectures where course_id = ${course_id}`).toHaveLength(0);
  });
});

describe("GET /api/lectures/{id}/transcript/view", () => {
  const view = async (lecture_id: string, query = "") => {
    const response = await app.handle(get(`/api/lectures/${lecture_id}/transcript/view${query}`));
    return { response, html: await response.text() };
  };

  test("shows the escaped transcript, and marks the line of a second", async () => {
    const course_id = await createCourse(db);
    const { body } = await post({ course_id, title: '<script>alert("1")</script>' });

    const { response, html } = await view(body.lecture_id, "?t=75");

    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-/,
    );
    expect(html).not.toContain("<script");
    expect(html).toContain(
      '<p id="t=75" class="cited"><a href="#t=75">1:15</a><span dir="auto">Entropy measures ' +
        "&lt;missing&gt; information &amp; surprise.</span></p>",
    );
    expect(html).toContain(
      '<p id="t=0"><a href="#t=0">0:00</a><span dir="auto"><b>Jane Doe:</b> Welcome',
    );
    await cancelJob(db, body.lecture_id);
  });

  test("marks the line that is spoken between two starts, and links to the recording", async () => {
    const course_id = await createCourse(db);
    const { body } = await post({ course_id, media_url: "https://uni.example/a.mp4?x=1&y=2" });

    const { html } = await view(body.lecture_id, "?t=30");

    expect(html).toContain(
      '<p id="t=30" class="cited"><a href="https://uni.example/a.mp4?x=1&amp;y=2#t=0">0:00</a>',
    );
    expect(html).toContain(
      '<a href="https://uni.example/a.mp4?x=1&amp;y=2#t=30">Open the recording</a>',
    );
    expect((await view(body.lecture_id)).html).not.toContain('class="cited"');
    expect((await view(body.lecture_id, "?t=99999")).html.match(/class="cited"/g)).toHaveLength(1);
    await cancelJob(db, body.lecture_id);
  });

  test("is a problem for a bad second and an unknown lecture", async () => {
    expect((await view(crypto.randomUUID())).response.status).toBe(404);
    expect((await view(crypto.randomUUID(), "?t=-1")).response.status).toBe(422);
  });
});
