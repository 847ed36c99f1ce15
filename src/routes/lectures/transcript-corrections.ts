import { Elysia } from "elysia";
import { z } from "zod";
import type { AuditWriter } from "../../db/access/audit-writer";
import { listSuggestionPages } from "../../db/alignment/suggestion-pages";
import type { Sql } from "../../db/client";
import { type CorrectionJobs, listCorrections, undoCorrection } from "../../db/corrections";
import { getLecture } from "../../db/lectures";
import { getTranscript } from "../../db/transcripts";
import { addCorrectionRule, correctWords } from "../../pipelines/lecture/request-correction";
import { countTokens } from "../../text/tokens";
import { correctableWords } from "../../text/transcript/correction-places";
import { suggestCorrections } from "../../text/transcript/suggest-corrections";
import { recordAudit } from "../http/audit";
import { principalOf, viewerOf } from "../http/auth";
import { jsonBody } from "../http/json-body";
import { ById, Id, PageQuery, pageOf, Time } from "../http/schemas";

const Text = z.string().trim().min(1).max(200);

const WordCorrection = z
  .strictObject({
    word_index: z
      .int()
      .min(0)
      .max(10_000_000)
      .describe(
        "Of the first word, from 0, in `words`; without times of words, among the words of the segments' texts",
      ),
    expected: Text.describe(
      "The word or words that are there; punctuation at the ends can be omitted",
    ),
    replacement: Text,
  })
  .meta({ id: "WordCorrection" });
const CorrectionRule = z
  .strictObject({
    find: Text.describe("One or more whole words"),
    replacement: Text,
    match_case: z
      .boolean()
      .default(false)
      .describe(
        "False: also with other capital letters, which stay: `Eigen value` becomes `Eigenvalue`",
      ),
  })
  .meta({ id: "CorrectionRule" });

const CorrectionAccepted = z
  .object({
    lecture_id: Id,
    job_id: Id.nullable().describe("The job of this lecture; null if its text stays the same"),
    correction_id: Id,
    jobs: z
      .array(z.object({ lecture_id: Id, job_id: Id }))
      .describe("The lectures whose text changes"),
  })
  .meta({ id: "CorrectionAccepted" });

const Correction = z
  .object({
    id: Id,
    lecture_id: Id.nullable().describe("null: a rule of the course"),
    start_ms: z.int().nullable(),
    expected: z.string(),
    replacement: z.string(),
    match_case: z.boolean(),
    changes: z.int().describe("Places of this lecture that it changes now"),
    key_id: z.string().nullable().describe("The author: the public part of a key"),
    user_id: Id.nullable().describe("The author: a user"),
    created_at: Time,
    undone_at: Time.nullable(),
  })
  .meta({ id: "TranscriptCorrection" });

const Suggestions = z
  .object({
    items: z.array(
      z.object({
        find: z.string().describe("With `replacement`, the body of PATCH for a rule"),
        replacement: z.string().describe("The term as the slides write it"),
        reason: z
          .enum(["spacing", "sound", "spelling"])
          .describe(
            "spacing: the same letters; sound: sounds like the term; spelling: few letters differ",
          ),
        document_id: Id,
        page_number: z.int().describe("A page with the term, if possible one that is shown then"),
        places: z
          .array(z.object({ word_index: z.int(), start_ms: z.int(), expected: z.string() }))
          .describe("At most 20, as PATCH expects them"),
      }),
    ),
  })
  .meta({ id: "CorrectionSuggestions" });

const toAccepted = (lecture_id: string, { correction_id, jobs }: CorrectionJobs) => ({
  lecture_id,
  job_id: jobs.find((job) => job.lecture_id === lecture_id)?.job_id ?? null,
  correction_id,
  jobs,
});

type CorrectionRoutesDeps = { db: Sql; audit: AuditWriter };

/** Corrections of words and rules for the transcripts of a course, with undo. */
export const transcriptCorrectionRoutes = ({ db, audit }: CorrectionRoutesDeps) =>
  new Elysia({ prefix: "/api/lectures/:id/transcript", tags: ["Lectures"] })
    .patch(
      "",
      async ({ params, body, request, status }) => {
        const { id, course_id } = await getLecture(db, params.id);
        const { key_id, user_id } = principalOf(request);
        const author = { key_id, user_id };
        const added =
          "find" in body
            ? await addCorrectionRule(db, id, body, author)
            : await correctWords(db, id, body, author);
        recordAudit(audit, request, {
          event_type: "transcript.corrected",
          target: id,
          course_id,
          details: { correction_id: added.correction_id, lectures: added.jobs.length },
        });
        return status(202, toAccepted(id, added));
      },
      {
        parse: jsonBody,
        params: ById,
        body: z.union([WordCorrection, CorrectionRule]),
        response: { 202: CorrectionAccepted },
        detail: {
          summary: "Correct words of a transcript, or a text in all transcripts of the course",
          description:
            "`word_index` corrects one place. `find` is a rule for all lectures of the course, later ones too. " +
            "Jobs apply it: times of words stay, and only chunks with a corrected word get new embeddings. " +
            "Readers see the former transcript until the job is complete.",
        },
      },
    )
    .get(
      "/suggestions",
      async ({ params, request }) => {
        const { id } = await getLecture(db, params.id);
        const words = correctableWords(await getTranscript(db, id));
        const pages = await listSuggestionPages(db, id, viewerOf(request));
        return { items: await suggestCorrections(words, pages, countTokens) };
      },
      {
        params: ById,
        response: Suggestions,
        detail: {
          summary: "List words of a transcript that disagree with the slides",
          description:
            "Words that are probably terms of the slides: written apart, or spelled as they sound. The most frequent first. " +
            "Nothing is changed; PATCH accepts a suggestion. Sounds are compared by English rules.",
        },
      },
    )
    .get(
      "/corrections",
      async ({ params, query }) => {
        const { id } = await getLecture(db, params.id);
        return listCorrections(db, id, query);
      },
      {
        params: ById,
        query: PageQuery,
        response: pageOf(Correction),
        detail: {
          summary: "List the corrections of a transcript and the rules of its course, newest first",
        },
      },
    )
    .delete(
      "/corrections/:correction_id",
      async ({ params, request, status }) => {
        const { id, course_id } = await getLecture(db, params.id);
        const undone = await undoCorrection(db, id, params.correction_id);
        recordAudit(audit, request, {
          event_type: "transcript.correction_undone",
          target: id,
          course_id,
          details: { correction_id: undone.correction_id, lectures: undone.jobs.length },
        });
        return status(202, toAccepted(id, undone));
      },
      {
        params: ById.extend({ correction_id: Id }),
        response: { 202: CorrectionAccepted },
        detail: {
          summary: "Undo a correction, or a rule in all transcripts of the course",
          description:
            "The other corrections stay. The list keeps the correction with `undone_at`.",
        },
      },
    );
