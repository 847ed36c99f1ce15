import { Elysia } from "elysia";
import { z } from "zod";
import { readCourseNames } from "../db/courses";
import { AppError } from "../errors";
import { searchCourses } from "../retrieval/search";
import { withAbsoluteUrls } from "../text/absolute-urls";
import { principalOf, requestEnd, requireCourse, viewerOf } from "./http/auth";
import { jsonBody } from "./http/json-body";
import { ownBaseUrl } from "./http/own-origin";
import { Id } from "./http/schemas";
import { Asked, Passage, type RetrievalRoutesDeps } from "./retrieval";

const Query = z.strictObject({
  ...Asked,
  course_ids: z
    .array(Id)
    .min(1)
    .max(200)
    .transform((ids) => [...new Set(ids.map((id) => id.toLowerCase()))])
    .optional()
    .describe("Only these courses; without it, all courses that the caller can reach"),
});

const CoursePassage = Passage.extend({
  course_id: Id,
  course_name: z.string(),
}).meta({ id: "CoursePassage" });

const DESCRIPTION = `The passages of all courses are ranked together, so their scores are comparable. Each has the
fields of \`POST /api/retrieval/query\`, and its course. The caller gets only what \`POST /api/retrieval/query\`
returns to the same caller in each course: hidden material is not searched.

From about 20 000 chunks on, the search by meaning is approximate: docs/scale.md states how much it finds.`;

export const searchRoutes = ({
  db,
  embedder,
  reranker,
  receipts,
  metrics,
  config,
}: RetrievalRoutesDeps) =>
  new Elysia({ prefix: "/api", tags: ["Retrieval"] }).post(
    "/search",
    async ({ body, request }) => {
      for (const id of body.course_ids ?? []) requireCourse(request, id);
      if (body.course_ids) {
        const names = await readCourseNames(db, body.course_ids);
        if (names.size < body.course_ids.length) throw new AppError("course_not_found");
      }
      const course_ids = body.course_ids ?? principalOf(request).course_ids;
      const tools = { db, embedder, reranker, receipts };
      const wanted = { ...body, course_ids, viewer: viewerOf(request) };
      const { passages } = await searchCourses(tools, wanted, requestEnd(request));
      metrics.retrievalHits.observe({ source: "query" }, passages.length);
      return withAbsoluteUrls(passages, ownBaseUrl(request, config));
    },
    {
      parse: jsonBody,
      body: Query,
      response: z.array(CoursePassage),
      detail: {
        summary: "Find the passages of all courses that answer a question, best first",
        description: DESCRIPTION,
      },
    },
  );
