import { Elysia } from "elysia";
import { z } from "zod";
import { inSpokenOrder } from "../../alignment/deck-score";
import { CONFIDENT } from "../../db/alignment/confidence";
import { isAlignmentDue } from "../../db/alignment/due-alignments";
import {
  assignSlides,
  findAssignedSlides,
  listLectureDecks,
} from "../../db/alignment/slide-assignments";
import { listSlideSpans } from "../../db/alignment/slide-spans";
import type { Sql } from "../../db/client";
import { getLecture } from "../../db/lectures";
import { AppError } from "../../errors";
import type { Viewer } from "../../principal";
import { toMomentUrl, transcriptViewPath } from "../../text/moment-url";
import { toPageUrl } from "../../text/page-url";
import { viewerOf } from "../http/auth";
import { jsonBody } from "../http/json-body";
import { ById, Id } from "../http/schemas";

export const SpanFields = {
  start_ms: z.int().describe("Milliseconds from the start of the recording"),
  end_ms: z.int().describe("Exclusive"),
  confidence: z
    .number()
    .min(0)
    .max(1)
    .describe("How clearly this page is shown; 1 where the recording states its slide changes"),
  confident: z
    .boolean()
    .describe(
      "Whether it is used beside passages and to hide the speech over hidden pages. Of recorded lectures, 98 % of such moments are right within one page",
    ),
  source: z
    .enum(["speech", "panopto"])
    .describe("speech: from the words of speech and slides; panopto: from the recording"),
};

const Pending = z
  .boolean()
  .describe("The lecture or a deck has changed, and the timeline is being computed");

const LectureTimeline = z
  .object({
    lecture_id: Id,
    pending: Pending,
    spans: z.array(
      z.object({
        document_id: Id,
        title: z.string().nullable().describe("Of the document"),
        page_number: z.int().describe("Position in the file, from 1"),
        page_label: z.string().nullable().describe("Printed number of the page, if it differs"),
        page_title: z.string().nullable(),
        ...SpanFields,
        url: z.string().describe("Opens the recording, or else the transcript, at the start"),
        page_url: z.string().describe("Opens the PDF at the page"),
        image_url: z.string().describe("The page as an image"),
      }),
    ),
  })
  .meta({ id: "LectureTimeline" });

const LectureSlides = z
  .object({
    lecture_id: Id,
    mode: z
      .enum(["suggested", "assigned"])
      .describe("Whether the suggested decks are used, or those that a teacher assigned"),
    pending: Pending,
    documents: z
      .array(
        z.object({
          document_id: Id,
          title: z.string().nullable(),
          filename: z.string(),
          page_count: z.int().nullable(),
          score: z
            .number()
            .nullable()
            .describe("Share of the deck's word pairs that the lecture speaks; null: not computed"),
          suggested: z.boolean(),
          used: z.boolean().describe("The timeline shows pages of this deck"),
        }),
      )
      .describe("The decks of the course: first those in use, in order, then by score"),
  })
  .meta({ id: "LectureSlides" });

const MAX_ASSIGNED = 20;

const SlideAssignment = z
  .strictObject({
    document_ids: z
      .array(Id)
      .max(MAX_ASSIGNED)
      .or(z.literal("auto"))
      .nullable()
      .describe(
        "The decks of the lecture in the order in which it shows them; `[]`: it has none; `null` or `auto`: the suggested decks",
      ),
  })
  .meta({ id: "SlideAssignment" });

/** Which slides a lecture shows, and when. */
export const lectureSlideRoutes = ({ db }: { db: Sql }) =>
  new Elysia({ prefix: "/api/lectures/:id", tags: ["Lectures"] })
    .get("/timeline", ({ params, request }) => readTimeline(db, params.id, viewerOf(request)), {
      params: ById,
      response: LectureTimeline,
      detail: {
        summary: "Get which slide a lecture shows at each moment",
        description:
          "Spans in order of time. A slide that is shown twice has two. The timeline is computed when a lecture or a deck is complete, and again after each change.",
      },
    })
    .get("/slides", ({ params, request }) => readSlides(db, params.id, viewerOf(request)), {
      params: ById,
      response: LectureSlides,
      detail: { summary: "Get the decks of a lecture, and the suggested ones with their scores" },
    })
    .put(
      "/slides",
      async ({ params, body, request }) => {
        const { id } = await getLecture(db, params.id);
        const viewer = viewerOf(request);
        const document_ids = body.document_ids === "auto" ? null : body.document_ids;
        const unique = document_ids && [...new Set(document_ids)];
        if (unique) await requireDecks(db, id, unique, viewer);
        await assignSlides(db, id, unique);
        return readSlides(db, id, viewer);
      },
      {
        parse: jsonBody,
        params: ById,
        body: SlideAssignment,
        response: LectureSlides,
        detail: {
          summary: "Assign decks to a lecture, or return to the suggested ones",
          description:
            "The timeline is computed again within seconds; `pending` is true until then.",
        },
      },
    );

async function readTimeline(db: Sql, lecture_id: string, viewer: Viewer) {
  const lecture = await getLecture(db, lecture_id);
  const recording = lecture.panopto_url ?? lecture.media_url ?? transcriptViewPath(lecture.id);
  const spans = await listSlideSpans(db, lecture.id, viewer);
  return {
    lecture_id: lecture.id,
    pending: await isAlignmentDue(db, lecture.id),
    spans: spans.map(({ sha256, page_text: _, ...span }) => ({
      ...span,
      confident: span.confidence >= CONFIDENT,
      url: toMomentUrl(recording, span.start_ms),
      page_url: toPageUrl({ ...span, asset_id: span.document_id, sha256 }),
      image_url: `/api/documents/${span.document_id}/versions/${sha256}/pages/${span.page_number}/image`,
    })),
  };
}

async function readSlides(db: Sql, lecture_id: string, viewer: Viewer) {
  const { id } = await getLecture(db, lecture_id);
  const decks = await listLectureDecks(db, id, viewer);
  const assigned = await findAssignedSlides(db, id);
  const shown = decks.flatMap(({ document_id, is_suggested, middle_ms }) =>
    is_suggested && middle_ms !== null ? [{ document_id, middle_ms }] : [],
  );
  const suggested = inSpokenOrder(shown).map(({ document_id }) => document_id);
  const used = assigned ?? suggested;
  const position = (document_id: string) => {
    const at = used.indexOf(document_id);
    return at < 0 ? used.length : at;
  };
  return {
    lecture_id: id,
    mode: assigned ? ("assigned" as const) : ("suggested" as const),
    pending: await isAlignmentDue(db, id),
    documents: decks
      .filter(({ is_visible }) => is_visible)
      .map(({ document_id, title, filename, page_count, score }) => ({
        document_id,
        title,
        filename,
        page_count,
        score,
        suggested: suggested.includes(document_id),
        used: used.includes(document_id),
      }))
      .sort((a, b) => position(a.document_id) - position(b.document_id)),
  };
}

/** @throws AppError `document_not_found` for a deck that this lecture cannot show or the viewer does not see */
async function requireDecks(
  db: Sql,
  lecture_id: string,
  document_ids: readonly string[],
  viewer: Viewer,
): Promise<void> {
  const decks = await listLectureDecks(db, lecture_id, viewer);
  const known = new Set(decks.filter(({ is_visible }) => is_visible).map((one) => one.document_id));
  const unknown = document_ids.filter((id) => !known.has(id));
  if (unknown.length > 0) throw new AppError("document_not_found", { document_ids: unknown });
}
