import { Elysia } from "elysia";
import { z } from "zod";
import { CONFIDENT } from "../../db/alignment/confidence";
import { listPageMoments } from "../../db/alignment/slide-spans";
import type { Sql } from "../../db/client";
import { getDocument } from "../../db/documents";
import { AppError } from "../../errors";
import { toMomentUrl, transcriptViewPath } from "../../text/moment-url";
import { viewerOf } from "../http/auth";
import { requireReleased } from "../http/released";
import { ById, Id } from "../http/schemas";
import { SpanFields } from "../lectures/lecture-slides";

const PageMoments = z
  .object({
    document_id: Id,
    page_number: z.int(),
    moments: z.array(
      z.object({
        lecture_id: Id,
        title: z.string().nullable().describe("Of the lecture"),
        ...SpanFields,
        url: z.string().describe("Opens the recording, or else the transcript, at the start"),
      }),
    ),
  })
  .meta({ id: "PageMoments" });

/** When lectures show a page. */
export const pageMomentRoutes = ({ db }: { db: Sql }) =>
  new Elysia({ prefix: "/api/documents", tags: ["Documents"] }).get(
    "/:id/pages/:page_number/moments",
    async ({ params, request }) => {
      const { page_number } = params;
      const { id, page_count } = await getDocument(db, params.id);
      if (page_count === null || page_number > page_count) {
        throw new AppError("page_not_found", { page_count });
      }
      await requireReleased(db, request, { document_id: id }, page_number);
      const found = await listPageMoments(db, { document_id: id, page_number }, viewerOf(request));
      return {
        document_id: id,
        page_number,
        moments: found.map(({ viewer_url, ...moment }) => ({
          ...moment,
          confident: moment.confidence >= CONFIDENT,
          url: toMomentUrl(viewer_url ?? transcriptViewPath(moment.lecture_id), moment.start_ms),
        })),
      };
    },
    {
      params: ById.extend({ page_number: z.coerce.number().int().min(1) }),
      response: PageMoments,
      detail: {
        summary: "List all moments at which lectures show a page",
        description: "By lecture and time. A page that a lecture shows twice has two moments.",
      },
    },
  );
