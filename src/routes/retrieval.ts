import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../db/client";
import { getCourse, readCourseNames } from "../db/courses";
import { AppError } from "../errors";
import type { Metrics } from "../metrics";
import type { Embedder } from "../providers/embedder";
import type { Reranker } from "../providers/reranker";
import type { QuestionReceipts } from "../retrieval/question-calls";
import { type Passage as FoundPassage, searchCourse, searchCourses } from "../retrieval/search";
import { withAbsoluteUrls } from "../text/absolute-urls";
import { principalOf, requestEnd, requireCourse, viewerOf } from "./http/auth";
import { jsonBody } from "./http/json-body";
import { ownBaseUrl } from "./http/own-origin";
import { Id } from "./http/schemas";
import { CoursePassage, Passage } from "./passage-schemas";

/** The range of PostgreSQL's integer: 24 days. */
const Position = z.int().min(0).max(2_147_483_647);
const PageNumber = z.int().min(1).max(1_000_000);

/** The fields of every search. */
const Asked = {
  query: z.string().trim().min(1).max(8_000),
  top_k: z.int().min(1).max(50).default(8),
  sources: z
    .array(z.enum(["lectures", "slides"]))
    .min(1)
    .default(["lectures", "slides"])
    .transform((sources) => [...new Set(sources)]),
  mode: z
    .enum(["hybrid", "vector", "text"])
    .default("hybrid")
    .describe("hybrid: by meaning and by words; vector: by meaning only; text: by words only"),
  explain: z.boolean().default(false).describe("Show how the score of each passage was computed"),
};

const CourseQuery = z
  .strictObject({
    course_id: Id,
    ...Asked,
    lecture_ids: z
      .array(Id)
      .max(200)
      .optional()
      .describe("Only these lectures; slides are left out"),
    document_ids: z
      .array(Id)
      .max(200)
      .optional()
      .describe("Only these documents; lectures are left out"),
    from_ms: Position.optional().describe("Only speech after this position of a lecture"),
    to_ms: Position.optional().describe("Only speech before this position of a lecture"),
    page_from: PageNumber.optional().describe("First page of a document"),
    page_to: PageNumber.optional().describe("Last page of a document"),
  })
  .refine(({ from_ms = 0, to_ms = Number.POSITIVE_INFINITY }) => from_ms < to_ms, {
    path: ["to_ms"],
    message: "must be greater than from_ms",
  })
  .refine(({ page_from = 1, page_to = Number.POSITIVE_INFINITY }) => page_from <= page_to, {
    path: ["page_to"],
    message: "must not be less than page_from",
  });

const CoursesQuery = z.strictObject({
  ...Asked,
  course_ids: z
    .array(Id)
    .min(1)
    .max(200)
    .transform((ids) => [...new Set(ids.map((id) => id.toLowerCase()))])
    .optional()
    .describe("Only these courses; without it, all courses that the caller can reach"),
});

const COURSE_DESCRIPTION = `Adjacent chunks are joined to one passage: \`metadata.chunk_ids\` lists them, and \`metadata\` contains its
start and end. \`citation\` has the times of the sentence that matches the question best, and opens there.
One asset fills at most half of the list if others match too, unless the request names assets.

A filter for lectures (\`lecture_ids\`, \`from_ms\`, \`to_ms\`) leaves out slides unless the request also
has a filter for slides, and the other way round. Assets of other courses do not match.

\`metadata.mode\` is the mode that was used. It is \`text\` if the configured embedding models do not
include the model of the course's vectors.`;

const COURSES_DESCRIPTION = `The passages of all courses are ranked together, so their scores are comparable. Each has the
fields of \`POST /api/retrieval/query\`, and its course. The caller gets only what \`POST /api/retrieval/query\`
returns to the same caller in each course: hidden material is not searched.

From about 20 000 chunks on, the search by meaning is approximate: docs/scale.md states how much it finds.`;

type RetrievalRoutesDeps = {
  db: Sql;
  embedder: Embedder;
  reranker?: Reranker | null;
  receipts?: QuestionReceipts;
  metrics: Pick<Metrics, "retrievalHits">;
  config: { PUBLIC_URL?: string | undefined };
};

/** The search in one course, and the search in several. */
export const retrievalRoutes = (deps: RetrievalRoutesDeps) => {
  const toAnswer = <P extends FoundPassage>(request: Request, passages: P[]): P[] => {
    deps.metrics.retrievalHits.observe({ source: "query" }, passages.length);
    return withAbsoluteUrls(passages, ownBaseUrl(request, deps.config));
  };
  return new Elysia({ prefix: "/api", tags: ["Retrieval"] })
    .post(
      "/retrieval/query",
      async ({ body, request }) => {
        requireCourse(request, body.course_id);
        const { id: course_id } = await getCourse(deps.db, body.course_id);
        const wanted = { ...body, course_id, viewer: viewerOf(request) };
        return toAnswer(request, await searchCourse(deps, wanted, requestEnd(request)));
      },
      {
        parse: jsonBody,
        body: CourseQuery,
        response: z.array(Passage),
        detail: {
          summary: "Find the passages of a course that answer a question, best first",
          description: COURSE_DESCRIPTION,
        },
      },
    )
    .post(
      "/search",
      async ({ body, request }) => {
        for (const id of body.course_ids ?? []) requireCourse(request, id);
        if (body.course_ids) {
          const names = await readCourseNames(deps.db, body.course_ids);
          if (names.size < body.course_ids.length) throw new AppError("course_not_found");
        }
        const course_ids = body.course_ids ?? principalOf(request).course_ids;
        const wanted = { ...body, course_ids, viewer: viewerOf(request) };
        const { passages } = await searchCourses(deps, wanted, requestEnd(request));
        return toAnswer(request, passages);
      },
      {
        parse: jsonBody,
        body: CoursesQuery,
        response: z.array(CoursePassage),
        detail: {
          summary: "Find the passages of all courses that answer a question, best first",
          description: COURSES_DESCRIPTION,
        },
      },
    );
};
