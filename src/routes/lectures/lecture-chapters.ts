import { Elysia } from "elysia";
import { z } from "zod";
import {
  type Chapter,
  pageTitles,
  statedTitles,
  toChapters,
  withoutHiddenTitles,
} from "../../alignment/chapters";
import { listHiddenSpeech } from "../../db/access/visibility";
import { CONFIDENT } from "../../db/alignment/confidence";
import { findRecordingFacts, listHiddenPages } from "../../db/alignment/recording-facts";
import { listSlideSpans } from "../../db/alignment/slide-spans";
import type { Sql } from "../../db/client";
import { getLecture } from "../../db/lectures";
import type { Viewer } from "../../principal";
import { toVttChapters } from "../../text/transcript/write-captions";
import { viewerOf } from "../http/auth";
import { ById, Id } from "../http/schemas";

const LectureChapters = z
  .object({
    items: z.array(
      z.object({
        title: z.string().describe("Title of the slide, or else its first line"),
        start_ms: z.int().describe("Milliseconds from the start of the recording"),
        end_ms: z.int().describe("Exclusive; the next chapter starts here"),
        document_id: Id.nullable().describe("null: the title is from the recording"),
        page_number: z.int().nullable().describe("The first page of the chapter, from 1"),
        confidence: z.number().min(0).max(1).describe("As in the timeline"),
      }),
    ),
  })
  .meta({ id: "LectureChapters" });

const ChaptersQuery = z.object({ format: z.enum(["json", "vtt"]).default("json") });

/** Not in `response`, because the generator documents each schema there as JSON. */
const CHAPTER_RESPONSES = {
  200: {
    description: "The chapters in the requested format",
    content: {
      "application/json": { schema: z.toJSONSchema(LectureChapters) as object },
      "text/vtt": { schema: { type: "string" as const } },
    },
  },
};

/** The chapters of a lecture, for tables of contents and players. */
export const lectureChapterRoutes = ({ db }: { db: Sql }) =>
  new Elysia({ prefix: "/api/lectures/:id", tags: ["Lectures"] }).get(
    "/chapters",
    async ({ params, query, set, request }) => {
      const { id } = await getLecture(db, params.id);
      const items = await readChapters(db, id, viewerOf(request));
      if (query.format === "json") return { items };
      set.headers["content-type"] = "text/vtt; charset=utf-8";
      return toVttChapters(items);
    },
    {
      params: ById,
      query: ChaptersQuery,
      detail: {
        responses: CHAPTER_RESPONSES,
        summary: "List the chapters of a lecture, as JSON or WebVTT",
        description:
          "From the confident part of the timeline: continued slides are one chapter, and a slide that is shown for " +
          "less than 30 seconds belongs to the chapter before it. Chapters cover the lecture without gaps. Without a " +
          "confident timeline they are the slide titles of the recording, and without those the list is empty. " +
          'Titles of pages that are not released are not shown. `format=vtt` is for `<track kind="chapters">`.',
      },
    },
  );

async function readChapters(db: Sql, lecture_id: string, viewer: Viewer): Promise<Chapter[]> {
  const { slide_changes, duration_ms } = await findRecordingFacts(db, lecture_id);
  const spans = await listSlideSpans(db, lecture_id, viewer);
  const end_ms = Math.max(duration_ms, ...spans.slice(-1).map((span) => span.end_ms));
  const chapters = toChapters(pageTitles(spans, CONFIDENT), end_ms);
  if (chapters.length > 0) return chapters;

  const hidden = await listHiddenSpeech(db, lecture_id, viewer);
  const visible = slide_changes.filter(
    ({ time_ms }) => !hidden.some((span) => span.start_ms <= time_ms && time_ms < span.end_ms),
  );
  const named = withoutHiddenTitles(visible, await listHiddenPages(db, lecture_id, viewer));
  return toChapters(statedTitles(named, end_ms), end_ms);
}
