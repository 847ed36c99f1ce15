import { Elysia } from "elysia";
import { z } from "zod";
import {
  countSpeech,
  fastCaptions,
  speakingSpeed,
  speechGaps,
  uncertainStretches,
  unknownTerms,
} from "../../alignment/speech-quality";
import { listHiddenSpeech } from "../../db/access/visibility";
import { withoutHiddenSpeech } from "../../db/access/visible-transcript";
import { CONFIDENT } from "../../db/alignment/confidence";
import { findRecordingFacts } from "../../db/alignment/recording-facts";
import { listSlideSpans } from "../../db/alignment/slide-spans";
import { listSuggestionPages } from "../../db/alignment/suggestion-pages";
import type { Sql } from "../../db/client";
import { getLecture } from "../../db/lectures";
import { getTranscript } from "../../db/transcripts";
import type { Viewer } from "../../principal";
import { countTokens } from "../../text/tokens";
import { correctableWords } from "../../text/transcript/correction-places";
import { suggestCorrections } from "../../text/transcript/suggest-corrections";
import { viewerOf } from "../http/auth";
import { ById, Id } from "../http/schemas";

const Stretch = z.object({
  start_ms: z.int().describe("Milliseconds from the start of the recording"),
  end_ms: z.int().describe("Exclusive"),
});
const Speed = z.int().nullable().describe("Of the spoken time; null without speech");

const LectureQuality = z
  .object({
    lecture_id: Id,
    totals: z.object({
      duration_ms: z.int(),
      spoken_ms: z.int(),
      silent_ms: z.int().describe("Length of the gaps"),
      words: z.int(),
      words_per_minute: Speed,
      captions: z.int(),
      fast_captions: z.int(),
      low_confidence_ms: z.int().nullable().describe("null: the lecture has no timeline"),
    }),
    low_confidence: z
      .array(Stretch.extend({ confidence: z.number().describe("The lowest of the stretch") }))
      .describe("Where the timeline is not sure which slide is shown"),
    gaps: z.array(Stretch).describe("More than 30 seconds without speech"),
    unknown_terms: z
      .array(
        z.object({
          term: z.string(),
          count: z.int().describe("Places in the transcript; with a suggestion at most 20"),
          start_ms: z.int().describe("Of the first place"),
          suggestion: z
            .object({
              replacement: z.string(),
              reason: z.enum(["spacing", "sound", "spelling"]),
              document_id: Id,
              page_number: z.int(),
            })
            .nullable()
            .describe("A term of the slides that it probably is; null: a rare word"),
        }),
      )
      .describe("Words that the slides do not have, at most 50 of each kind; empty without slides"),
    reading_speed: z.object({
      stretches: z
        .array(Stretch.extend({ words: z.int(), words_per_minute: Speed }))
        .describe("Of five minutes each"),
      fast_captions: z
        .array(Stretch.extend({ characters_per_second: z.number() }))
        .describe("Above 20 characters per second; the fastest 100"),
    }),
  })
  .meta({ id: "LectureQuality" });

const MAX_FAST_CAPTIONS = 100;

/** Which parts of a transcript and its timeline need a check. */
export const lectureQualityRoutes = ({ db }: { db: Sql }) =>
  new Elysia({ prefix: "/api/lectures/:id", tags: ["Lectures"] }).get(
    "/quality",
    ({ params, request }) => readQuality(db, params.id, viewerOf(request)),
    {
      params: ById,
      response: LectureQuality,
      detail: {
        summary: "Get the parts of a lecture that need a check",
        description:
          "Uncertain stretches of the timeline, gaps in the speech, words that the slides do not have, and captions that are " +
          "too fast to read. Speech and slides that are not released are left out. Transcripts store no confidence " +
          "of words. Rare words are estimated by the vocabulary of a tokenizer and are most exact in English.",
      },
    },
  );

async function readQuality(db: Sql, lecture_id: string, viewer: Viewer) {
  const { id } = await getLecture(db, lecture_id);
  const stored = await getTranscript(db, id);
  const hidden = await listHiddenSpeech(db, id, viewer);
  const { segments, words } = await withoutHiddenSpeech(db, id, viewer, stored);
  const spans = await listSlideSpans(db, id, viewer);
  const pages = await listSuggestionPages(db, id, viewer);
  const { duration_ms } = await findRecordingFacts(db, id);

  const spoken = correctableWords({ segments, words });
  const suggestions = await suggestCorrections(spoken, pages, countTokens);
  const low_confidence = uncertainStretches(spans, CONFIDENT);
  const gaps = speechGaps([...stored.segments, ...hidden], duration_ms);
  const fast = fastCaptions(segments);
  return {
    lecture_id: id,
    totals: {
      duration_ms,
      ...countSpeech(segments),
      silent_ms: lengthOf(gaps),
      captions: segments.length,
      fast_captions: fast.length,
      low_confidence_ms: spans.length > 0 ? lengthOf(low_confidence) : null,
    },
    low_confidence,
    gaps,
    unknown_terms: await unknownTerms(spoken, pages, suggestions, countTokens),
    reading_speed: {
      stretches: speakingSpeed(segments),
      fast_captions: fast
        .toSorted((a, b) => b.characters_per_second - a.characters_per_second)
        .slice(0, MAX_FAST_CAPTIONS),
    },
  };
}

const lengthOf = (stretches: readonly { start_ms: number; end_ms: number }[]): number =>
  stretches.reduce((sum, { start_ms, end_ms }) => sum + end_ms - start_ms, 0);
