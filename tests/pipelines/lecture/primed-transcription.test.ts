// One engine: the subject is what speech to text receives.
import { afterAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { updateAsset } from "../../../src/db/access/releases";
import { upsertUser } from "../../../src/db/access/users";
import { undoCorrection } from "../../../src/db/corrections";
import { updateCourse } from "../../../src/db/courses";
import { listProviderCalls } from "../../../src/db/jobs/provider-calls";
import { getTranscript } from "../../../src/db/transcripts";
import { openForecaster } from "../../../src/pipelines/forecast";
import { addCorrectionRule } from "../../../src/pipelines/lecture/request-correction";
import { openElevenLabs } from "../../../src/providers/speech/elevenlabs";
import { openOpenAITranscriber } from "../../../src/providers/speech/openai-transcriber";
import type { Transcriber } from "../../../src/providers/transcriber";
import { withDatabase } from "../../support/database";
import { startElevenLabs } from "../../support/elevenlabs";
import { createDocument } from "../../support/factories";
import { openLectureWork } from "../../support/lecture-work";
import { startSpeechServer } from "../../support/speech-server";
import { mishearing } from "../../support/speech-upload";

setDefaultTimeout(120_000);

const db = await withDatabase();
const lab = await openLectureWork(db);
afterAll(() => lab.close());

const MISHEARD = {
  eigenvalue: "iron value",
  Krylov: "cry love",
  Cholesky: "show less key",
  Lanczos: "lunch oz",
  GMRES: "gem rays",
  Householder: "house older",
};
const TERMS = Object.keys(MISHEARD);
const SPOKEN =
  "The largest eigenvalue comes from a Krylov space. Lanczos is short, GMRES is general. Cholesky and Householder come last.";
const DECK = [
  "Krylov spaces\nThe eigenvalue problem",
  "Methods\nLanczos and GMRES\nthe Cholesky and Householder factorisations",
];
const listen = mishearing(SPOKEN, MISHEARD);

async function addDeck(pages: readonly string[]): Promise<string> {
  const { document_id } = await createDocument(db, lab.course_id);
  for (const [i, text] of pages.entries()) {
    await db`
      insert into slide_descriptions
        (document_id, page_number, raw_description, normalized_description, described_by)
      values (${document_id}, ${i + 1}, ${text}, ${text}, 'text')`;
  }
  await db`select stop_job(${document_id}, 'cancelled', 'The test needs only pages')`;
  return document_id;
}

async function transcribe(transcriber: Transcriber, sendsTerms = true) {
  const id = await lab.request(
    lab.site.addSession({ streams: [{ tag: "DV", file: "ts/master.m3u8" }] }),
  );
  expect(await lab.workOnce({ transcriber, sendsTerms })).toBe("done");
  const { transcript_text } = await getTranscript(db, id);
  const calls = await listProviderCalls(db, id);
  const errors = TERMS.filter((term) => !transcript_text.includes(term)).length;
  return { id, errors, calls: calls.filter(({ purpose }) => purpose === "transcribe") };
}

beforeEach(async () => {
  await db`delete from documents`;
  await updateCourse(db, lab.course_id, { transcription_terms: null });
});

describe("transcription with terms of the slides", () => {
  test("ElevenLabs gets key terms, at least halves the errors, and the receipt records them", async () => {
    await using server = startElevenLabs({ listen });
    const transcriber = openElevenLabs({ apiKey: "test-key", baseUrl: server.url, pollMs: 10 });
    await addDeck(DECK);

    const plain = await transcribe(transcriber, false);
    const primed = await transcribe(transcriber);

    expect(plain.errors).toBe(TERMS.length);
    expect(primed.errors).toBeLessThanOrEqual(plain.errors / 2);
    expect(plain.calls[0]).toMatchObject({ terms: [] });
    expect(plain.calls[0]!.usage).not.toHaveProperty("key_terms");
    const { terms, usage } = primed.calls[0]!;
    expect(terms).toEqual(server.uploads[1]!.fields.keyterms!);
    expect(usage).toEqual({
      audio_seconds: usage.audio_seconds!,
      primed_audio_seconds: usage.audio_seconds!,
      key_terms: terms.length,
    });
  });

  test("the surcharge is part of the cost", async () => {
    await using server = startElevenLabs({ listen });
    const transcriber = openElevenLabs({ apiKey: "test-key", baseUrl: server.url, pollMs: 10 });
    await addDeck(DECK);
    const costs = [];
    for (const sendsTerms of [false, true]) {
      const { id } = await transcribe(transcriber, sendsTerms);
      const [row] = await db<{ cost: number }[]>`
        select cost_usd::float8 as cost from provider_calls
        where asset_id = ${id} and purpose = 'transcribe'`;
      costs.push(row!.cost);
    }
    expect(costs[1]! / costs[0]!).toBeCloseTo(1.2, 5);
  });

  test("a forecast includes the surcharge", async () => {
    const transcriber = openElevenLabs({ apiKey: "test-key", baseUrl: "http://127.0.0.1:1" });
    const forecast = (sendsTerms: boolean) =>
      openForecaster({
        db,
        slideDescriber: null,
        transcriber,
        sendsTerms,
        budgets: {},
        maxPages: 1,
      })
        .lecture(lab.course_id, 3_600_000)
        .then(({ usd }) => usd!);
    expect((await forecast(true)) / (await forecast(false))).toBeCloseTo(1.2, 5);
    await updateCourse(db, lab.course_id, { transcription_terms: false });
    expect(await forecast(true)).toBe(await forecast(false));
  });

  test("a server with OpenAI's protocol gets them as the prompt", async () => {
    await using server = startSpeechServer({ listen });
    const transcriber = openOpenAITranscriber({ baseUrl: server.url });
    await addDeck(DECK);

    const primed = await transcribe(transcriber);

    expect(primed.errors).toBeLessThanOrEqual(TERMS.length / 2);
    expect(server.uploads[0]!.fields.prompt).toEqual([primed.calls[0]!.terms.join(", ")]);
    expect(primed.calls[0]!.usage.key_terms).toBe(primed.calls[0]!.terms.length);
  });

  test("a service that refuses the terms gets the audio without them", async () => {
    const refuse = (fields: Record<string, string[]>, name: string) =>
      fields[name]
        ? Response.json({ error: { message: `'${name}' is not supported` } }, { status: 400 })
        : null;
    await using server = startSpeechServer({
      listen,
      refuse: ({ fields }) => refuse(fields, "prompt"),
    });
    await using eleven = startElevenLabs({ listen });
    await addDeck(DECK);

    const plain = await transcribe(openOpenAITranscriber({ baseUrl: server.url }));
    expect(plain.calls.map(({ state, terms }) => [state, terms.length > 0])).toEqual([
      ["error", true],
      ["ok", false],
    ]);

    eleven.responses.push(
      Response.json(
        { detail: { status: "invalid_parameters", message: "keyterms need scribe_v2" } },
        { status: 400 },
      ),
    );
    const other = await transcribe(
      openElevenLabs({ apiKey: "test-key", baseUrl: eleven.url, pollMs: 10 }),
    );
    expect(other.calls.map(({ state, terms }) => [state, terms.length > 0])).toEqual([
      ["error", true],
      ["ok", false],
    ]);
  });

  test("a course decides for itself", async () => {
    await using server = startSpeechServer({ listen });
    const transcriber = openOpenAITranscriber({ baseUrl: server.url });
    await addDeck(DECK);

    await updateCourse(db, lab.course_id, { transcription_terms: false });
    expect((await transcribe(transcriber, true)).errors).toBe(TERMS.length);
    await updateCourse(db, lab.course_id, { transcription_terms: true });
    expect((await transcribe(transcriber, false)).errors).toBeLessThan(TERMS.length);
  });

  test("hidden decks, hidden pages and personal decks send no terms", async () => {
    await using server = startSpeechServer({ listen });
    const transcriber = openOpenAITranscriber({ baseUrl: server.url });
    const later = "2199-01-01T00:00:00Z";
    const owner_id = await upsertUser(db, {
      issuer: "test",
      subject: "anna",
      email: null,
      display_name: null,
    });
    await updateAsset(db, "document", await addDeck(["Krylov"]), { visible_from: later });
    await updateAsset(db, "document", await addDeck(["Lanczos"]), { owner_id });
    await updateAsset(db, "document", await addDeck(["Cholesky", "GMRES"]), {
      page_releases: [{ page_from: 2, page_to: 2, visible_from: later }],
    });

    const { calls } = await transcribe(transcriber);

    expect(calls[0]!.terms).toEqual(["Cholesky"]);
  });

  test("what a rule corrected in the course is sent first, for a lecture of the same owner", async () => {
    await using server = startSpeechServer({ listen });
    const transcriber = openOpenAITranscriber({ baseUrl: server.url });
    const { id } = await transcribe(transcriber, false);
    const rule = { find: "lunch oz", replacement: "Lanczos", match_case: false };
    const author = { key_id: null, user_id: null };
    const { correction_id } = await addCorrectionRule(db, id, rule, author);
    while (await lab.workOnce()); // the lectures of other tests in this course
    await addDeck(["Krylov"]);

    const { calls, errors } = await transcribe(transcriber);

    expect(calls[0]!.terms).toEqual(["Lanczos", "Krylov"]);
    expect(errors).toBe(TERMS.length - 2);
    await undoCorrection(db, id, correction_id);
    await lab.endJobs();
  });

  test("without slides nothing is sent", async () => {
    await using server = startSpeechServer({ listen });
    const { calls } = await transcribe(openOpenAITranscriber({ baseUrl: server.url }));
    expect(calls[0]!.terms).toEqual([]);
    expect(server.uploads[0]!.fields).not.toHaveProperty("prompt");
  });
});
