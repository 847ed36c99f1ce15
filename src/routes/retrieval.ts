import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../db/client";
import { getCourse } from "../db/courses";
import type { Metrics } from "../metrics";
import type { Embedder } from "../providers/embedder";
import type { Reranker } from "../providers/reranker";
import type { QuestionReceipts } from "../retrieval/question-calls";
import { searchCourse } from "../retrieval/search";
import { withAbsoluteUrls } from "../text/absolute-urls";
import { requestEnd, requireCourse, viewerOf } from "./http/auth";
import { jsonBody } from "./http/json-body";
import { ownBaseUrl } from "./http/own-origin";
import { Id, Json } from "./http/schemas";

/** The range of PostgreSQL's integer: 24 days. */
const Position = z.int().min(0).max(2_147_483_647);
const PageNumber = z.int().min(1).max(1_000_000);

/** The fields of every search. */
export const Asked = {
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

const Query = z
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

const Place = {
  page_number: z.int().optional().describe("Position of the page in the file, from 1"),
  page_label: z
    .string()
    .optional()
    .describe("Number printed on the page, such as iii, if it differs from the position"),
  start_ms: z.int().optional(),
  end_ms: z.int().optional(),
};

const Confidence = z.number().describe("0 to 1; 1 where the recording states its slide changes");

const Counterparts = {
  slide: z
    .object({
      document_id: Id,
      title: z.string().nullable().describe("Of the document"),
      page_number: Place.page_number.unwrap(),
      page_label: Place.page_label,
      confidence: Confidence,
      url: z.string().describe("Opens the PDF at the page"),
    })
    .optional()
    .describe("Of a moment: the slide that is shown then, if the timeline is confident"),
  moments: z
    .array(
      z.object({
        lecture_id: Id,
        title: z.string().nullable().describe("Of the lecture"),
        start_ms: z.int(),
        end_ms: z.int(),
        confidence: Confidence,
        url: z.string().describe("Opens the recording, or else the transcript, at the start"),
      }),
    )
    .optional()
    .describe("Of a page: the five longest moments at which it is surely shown, in order of time"),
};

export const Citation = z
  .object({
    number: z.int(),
    chunk_id: Id,
    source: z.enum(["lectures", "slides"]),
    asset_id: Id,
    title: z.string().nullable(),
    filename: z.string().optional().describe("Of a document, as uploaded"),
    quote: z.string().describe("Verbatim from the stored text"),
    ...Place,
    sha256: z
      .string()
      .optional()
      .describe("The version that is quoted: the SHA-256 of the PDF or of the transcript"),
    replaced: z
      .literal(true)
      .optional()
      .describe(
        "The asset has another version now; `url` still opens the quoted page of a document",
      ),
    withheld: z
      .literal(true)
      .optional()
      .describe(
        "In old answers: the material is not visible now, so there is no quote and no `url`",
      ),
    url: z
      .string()
      .nullable()
      .describe("Absolute address that opens the page, or the recording at the second"),
    ...Counterparts,
  })
  .meta({ id: "Citation" });

const Explanation = z.object({
  chunk_id: Id,
  score: z.number(),
  similarity: z.number().describe("Vector similarity scaled to 0 to 1, as used in the score"),
  words: z.number().describe("Word match scaled to 0 to 1, as used in the score"),
  distance: z
    .number()
    .nullable()
    .describe("Cosine distance; null if the chunk has no comparable vector"),
  text_score: z
    .number()
    .nullable()
    .describe("Text score before scaling to 0 to 1; null without a match"),
  model: z.string().nullable().describe("The model of the chunk's vector"),
});

export const Passage = z
  .object({
    chunk_id: Id,
    content: z.string(),
    source: z.enum(["lectures", "slides"]),
    score: z.number().describe("0 to 1, higher is better; comparable within one response only"),
    metadata: Json,
    ...Counterparts,
    citation: Citation,
    explain: z
      .array(Explanation)
      .optional()
      .describe("One entry for each chunk of the passage, in order; only with `explain`"),
  })
  .meta({ id: "Passage" });

const DESCRIPTION = `Adjacent chunks are joined to one passage: \`metadata.chunk_ids\` lists them, and \`metadata\` contains its
start and end. \`citation\` has the times of the sentence that matches the question best, and opens there.
One asset fills at most half of the list if others match too, unless the request names assets.

A filter for lectures (\`lecture_ids\`, \`from_ms\`, \`to_ms\`) leaves out slides unless the request also
has a filter for slides, and the other way round. Assets of other courses do not match.

\`metadata.mode\` is the mode that was used. It is \`text\` if the configured embedding models do not
include the model of the course's vectors.`;

export type RetrievalRoutesDeps = {
  db: Sql;
  embedder: Embedder;
  reranker?: Reranker | null;
  receipts?: QuestionReceipts;
  metrics: Pick<Metrics, "retrievalHits">;
  config: { PUBLIC_URL?: string | undefined };
};

export const retrievalRoutes = ({
  db,
  embedder,
  reranker,
  receipts,
  metrics,
  config,
}: RetrievalRoutesDeps) =>
  new Elysia({ prefix: "/api/retrieval", tags: ["Retrieval"] }).post(
    "/query",
    async ({ body, request }) => {
      requireCourse(request, body.course_id);
      const course = await getCourse(db, body.course_id);
      const tools = { db, embedder, reranker, receipts };
      const wanted = { ...body, course_id: course.id, viewer: viewerOf(request) };
      const passages = await searchCourse(tools, wanted, requestEnd(request));
      metrics.retrievalHits.observe({ source: "query" }, passages.length);
      return withAbsoluteUrls(passages, ownBaseUrl(request, config));
    },
    {
      parse: jsonBody,
      body: Query,
      response: z.array(Passage),
      detail: {
        summary: "Find the passages of a course that answer a question, best first",
        description: DESCRIPTION,
      },
    },
  );
