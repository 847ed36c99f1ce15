import type { Tool } from "@ag-ui/core";
import { z } from "zod";
import type { ToolCall } from "../../db/chat/chat";
import {
  listCourseAssets,
  type ReadChunk,
  readPageChunks,
  readTranscriptChunks,
} from "../../db/chat/chat-reads";
import type { Sql } from "../../db/client";
import { AppError } from "../../errors";
import { SEARCH_TOOLS } from "../../providers/chat/chat-model";
import type { Embedder } from "../../providers/embedder";
import type { Reranker } from "../../providers/reranker";
import { type Source, searchCourse } from "../../retrieval/search";
import type { FoundPassage } from "./cited-passages";
import type { CallOptions } from "./model-call";
import { parseArguments } from "./prompt";

/** A tool that we run: it finds passages, to be numbered by who asked, or answers JSON. */
export type ServerTool = {
  name: string;
  description: string;
  inputSchema: z.ZodObject;
  execute(input: unknown, signal: AbortSignal): Promise<ToolOutput>;
};
export type ToolOutput = { passages: FoundPassage[] } | { answer: unknown };

export type Course = {
  db: Sql;
  embedder: Embedder;
  reranker?: Reranker | null;
  course_id: string;
};

const PASSAGES = 8;
/** About half an hour of speech. */
const MOST_CHUNKS = 30;
const MOST_ASSETS = 200;

/** As long as PostgreSQL's integer: 24 days. */
const Position = z.int().min(0).max(2_147_483_647);

export const Search = z.object({ query: z.string().trim().min(1).max(1_000) });
const Stretch = z
  .object({ lecture_id: z.guid(), start_ms: Position, end_ms: Position })
  .refine(({ start_ms, end_ms }) => start_ms < end_ms, {
    path: ["end_ms"],
    message: "must be greater than start_ms",
  });
const PageOf = z.object({ document_id: z.guid(), page_number: z.int().min(1).max(1_000_000) });
const Nothing = z.object({});

/** The tools with which a model reads one course. Which one is ours to say, never the model's. */
export function createCourseTools(course: Course): ServerTool[] {
  const { db, course_id } = course;
  return [
    searchTool(course, "lectures", "what was said in the recorded lectures"),
    searchTool(course, "slides", "what stands on the slides"),
    tool({
      name: "read_transcript",
      description:
        "Reads what was said in a lecture between two moments, in milliseconds from its start.",
      inputSchema: Stretch,
      execute: async (stretch) => {
        const chunks = await readTranscriptChunks(db, course_id, stretch, MOST_CHUNKS);
        return { passages: chunks.map(toPassage) };
      },
    }),
    tool({
      name: "read_page",
      description: "Reads one page of a slide deck; pages count from 1.",
      inputSchema: PageOf,
      execute: async (page) => {
        const chunks = await readPageChunks(db, course_id, page, MOST_CHUNKS);
        return { passages: chunks.map(toPassage) };
      },
    }),
    tool({
      name: "list_assets",
      description: "Lists the lectures and slide decks of the course with their ids.",
      inputSchema: Nothing,
      execute: async () => {
        return { answer: { assets: await listCourseAssets(db, course_id, MOST_ASSETS) } };
      },
    }),
  ];
}

function searchTool(course: Course, source: Source, what: string) {
  return tool({
    name: SEARCH_TOOLS[source],
    description: `Searches ${what}. Answers numbered passages, the best first.`,
    inputSchema: Search,
    execute: ({ query }, signal) =>
      findPassages(course, { query, top_k: PASSAGES, sources: [source] }, signal),
  });
}

/** @throws AppError of the embedder */
export async function findPassages(
  { db, embedder, reranker, course_id }: Course,
  wanted: { query: string; top_k: number; sources: Source[] },
  signal: AbortSignal,
): Promise<{ passages: FoundPassage[] }> {
  const request = { ...wanted, course_id, mode: "hybrid" as const };
  const found = await searchCourse({ db, embedder, reranker }, request, signal);
  const passages = found.map(({ citation, content, metadata }): FoundPassage => {
    const { page_end } = metadata as { page_end?: number };
    return { ...citation, quote: content, ...(page_end !== undefined && { page_end }) };
  });
  return { passages };
}

/** Infers the input's type; `execute` is only ever called with what the schema made of it. */
const tool = <Shape extends z.ZodRawShape>(definition: {
  name: string;
  description: string;
  inputSchema: z.ZodObject<Shape>;
  execute(input: z.output<z.ZodObject<Shape>>, signal: AbortSignal): Promise<ToolOutput>;
}): ServerTool => definition as unknown as ServerTool;

function toPassage(chunk: ReadChunk): FoundPassage {
  const { chunk_id, asset_id, title, content: quote, start_ms, end_ms, panopto_url } = chunk;
  const common = { chunk_id, asset_id, title, quote };
  if (chunk.page_number !== undefined) {
    const { page_number } = chunk;
    const url = `/api/documents/${asset_id}/file#page=${page_number}`;
    return { ...common, source: "slides", page_number, url };
  }
  const url = panopto_url ? new URL(panopto_url) : null;
  url?.searchParams.set("start", String(Math.floor(start_ms! / 1_000)));
  return {
    ...common,
    ...{ source: "lectures", start_ms: start_ms!, end_ms: end_ms!, url: url?.href ?? null },
  };
}

/** The tools as a model is offered them, ours before the client's. */
export function toOffers(
  tools: ServerTool[],
  frontendTools: Tool[],
): NonNullable<CallOptions["tools"]> {
  const ours = new Set(tools.map(({ name }) => name));
  // A client cannot take the place of a tool of ours.
  const theirs = frontendTools.filter(({ name }) => !ours.has(name));
  return [
    ...tools.map(({ name, description, inputSchema }) => ({
      ...{ type: "function" as const, name, description },
      inputSchema: toJsonSchema(inputSchema) as never,
    })),
    ...theirs.map(({ name, description, parameters }) => ({
      ...{ type: "function" as const, name, description },
      inputSchema: (parameters ?? { type: "object", properties: {} }) as never,
    })),
  ];
}

/** Kept, because translating the schemas was the largest cost of beginning an answer. */
const jsonSchemas = new WeakMap<z.ZodObject, object>();

function toJsonSchema(schema: z.ZodObject): object {
  const known = jsonSchemas.get(schema);
  if (known) return known;
  const made = z.toJSONSchema(schema, { io: "input" });
  jsonSchemas.set(schema, made);
  return made;
}

/** A tool that fails tells the model so; the run goes on. */
export async function executeTool(
  tool: ServerTool | undefined,
  call: ToolCall,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const refuse = (error: string) => ({ answer: { error } });
  if (!tool) return refuse(`There is no tool ${call.name}`);
  const input = tool.inputSchema.safeParse(parseArguments(call.arguments));
  if (!input.success) return refuse(z.prettifyError(input.error));
  try {
    return await tool.execute(input.data, signal);
  } catch (error) {
    return refuse(error instanceof AppError ? error.message : "The tool failed");
  }
}
