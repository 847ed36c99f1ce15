import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../db/client";
import { getCourse } from "../db/courses";
import type { Embedder } from "../providers/embedder";
import { searchCourse } from "../retrieval/search";
import { jsonBody } from "./json-body";
import { Id, Json } from "./schemas";

const Sources = z.array(z.enum(["lectures", "slides"])).min(1);

const Query = z.object({
  course_id: Id,
  query: z.string().trim().min(1).max(8_000),
  top_k: z.int().min(1).max(50).default(8),
  sources: Sources.default(["lectures", "slides"]).transform((sources) => [...new Set(sources)]),
  mode: z.enum(["hybrid", "vector", "text"]).default("hybrid"),
  lecture_ids: z.array(Id).max(200).optional(),
  document_ids: z.array(Id).max(200).optional(),
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

const Passage = z
  .object({
    chunk_id: Id,
    content: z.string(),
    source: z.enum(["lectures", "slides"]),
    score: z.number().describe("0 to 1, higher is better; comparable within one answer only"),
    metadata: Json,
    citation: Citation,
  })
  .meta({ id: "Passage" });

export const retrievalRoutes = ({ db, embedder }: { db: Sql; embedder: Embedder }) =>
  new Elysia({ prefix: "/api/retrieval", tags: ["Retrieval"] }).post(
    "/query",
    async ({ body, request }) => {
      const course = await getCourse(db, body.course_id);
      return searchCourse({ db, embedder }, { ...body, course_id: course.id }, request.signal);
    },
    {
      parse: jsonBody,
      body: Query,
      response: z.array(Passage),
      detail: { summary: "Find the passages of a course that answer a question, best first" },
    },
  );
