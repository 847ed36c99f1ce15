import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../db/client";
import { getCourse } from "../db/courses";
import type { Metrics } from "../metrics";
import type { Embedder } from "../providers/embedder";
import type { Reranker } from "../providers/reranker";
import { searchCourse } from "../retrieval/search";
import { jsonBody } from "./http/json-body";
import { Id, Json } from "./http/schemas";

const Sources = z.array(z.enum(["lectures", "slides"])).min(1);

/** As long as PostgreSQL's integer: 24 days. */
const Position = z.int().min(0).max(2_147_483_647);
const PageNumber = z.int().min(1).max(1_000_000);

const Query = z
  .object({
    course_id: Id,
    query: z.string().trim().min(1).max(8_000),
    top_k: z.int().min(1).max(50).default(8),
    sources: Sources.default(["lectures", "slides"]).transform((sources) => [...new Set(sources)]),
    mode: z
      .enum(["hybrid", "vector", "text"])
      .default("hybrid")
      .describe("Both legs, meaning alone, or words alone"),
    lecture_ids: z.array(Id).max(200).optional().describe("Only these lectures, and no slides"),
    document_ids: z.array(Id).max(200).optional().describe("Only these documents, and no lectures"),
    from_ms: Position.optional().describe("Only what is said after this moment of a lecture"),
    to_ms: Position.optional().describe("Only what is said before this moment of a lecture"),
    page_from: PageNumber.optional().describe("Only this page of a document and those after it"),
    page_to: PageNumber.optional().describe("Only this page of a document and those before it"),
    explain: z.boolean().default(false).describe("Say of each passage how its score came about"),
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
  page_number: z.int().optional(),
  start_ms: z.int().optional(),
  end_ms: z.int().optional(),
};

export const Citation = z
  .object({
    number: z.int(),
    chunk_id: Id,
    source: z.enum(["lectures", "slides"]),
    asset_id: Id,
    title: z.string().nullable(),
    quote: z.string().describe("Verbatim from the stored text"),
    ...Place,
    url: z.string().nullable().describe("Opens the page, or the recording at the second"),
  })
  .meta({ id: "Citation" });

const Explanation = z.object({
  chunk_id: Id,
  score: z.number(),
  similarity: z.number().describe("What the vectors say, 0 to 1, as it counts in the score"),
  words: z.number().describe("What the words say, 0 to 1, as it counts in the score"),
  distance: z.number().nullable().describe("Cosine distance; null without a vector to compare"),
  text_score: z
    .number()
    .nullable()
    .describe("Before it is brought to 0 to 1; null without a match"),
  model: z.string().nullable().describe("The model of the chunk's vector"),
});

const Passage = z
  .object({
    chunk_id: Id,
    content: z.string(),
    source: z.enum(["lectures", "slides"]),
    score: z.number().describe("0 to 1, higher is better; comparable within one answer only"),
    metadata: Json,
    citation: Citation,
    explain: z
      .array(Explanation)
      .optional()
      .describe("Of each chunk in the passage, in order; on request only"),
  })
  .meta({ id: "Passage" });

const DESCRIPTION = `Chunks that follow each other are one passage: \`metadata.chunk_ids\` names them,
\`metadata\` and \`citation\` say where it begins and ends. One asset fills at most half of the list
while others have something to say, unless the request names assets.

A filter that only lectures can pass leaves out slides, unless a filter on slides is given as well, and
the other way round. Assets of other courses match nothing.

\`metadata.mode\` is the mode that was used: \`text\` where the settings do not offer the embedding
model that the course is stored with.`;

type Needs = {
  db: Sql;
  embedder: Embedder;
  reranker?: Reranker | null;
  metrics: Pick<Metrics, "retrievalHits">;
};

export const retrievalRoutes = ({ db, embedder, reranker, metrics }: Needs) =>
  new Elysia({ prefix: "/api/retrieval", tags: ["Retrieval"] }).post(
    "/query",
    async ({ body, request }) => {
      const course = await getCourse(db, body.course_id);
      const tools = { db, embedder, reranker };
      const wanted = { ...body, course_id: course.id };
      const passages = await searchCourse(tools, wanted, request.signal);
      metrics.retrievalHits.observe({ door: "query" }, passages.length);
      return passages;
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
