import { z } from "zod";
import { findOwner } from "../../db/access/owners";
import { CONFIDENT } from "../../db/alignment/confidence";
import { listPageMoments, listSlideSpans } from "../../db/alignment/slide-spans";
import { parseArguments, type ToolCall } from "../../db/chat/chat";
import {
  findPagePosition,
  listCourseAssets,
  type NamedPage,
  type ReadChunk,
  readPageChunks,
  readTranscriptChunks,
} from "../../db/chat/chat-reads";
import type { Sql } from "../../db/client";
import { AppError } from "../../errors";
import type { Viewer } from "../../principal";
import {
  MAX_QUERY_CHARACTERS,
  type ModelCallOptions,
  SEARCH_TOOLS,
} from "../../providers/chat/chat-model";
import type { Embedder } from "../../providers/embedder";
import type { Reranker } from "../../providers/reranker";
import { readCounterparts } from "../../retrieval/counterparts";
import type { QuestionReceipts } from "../../retrieval/question-calls";
import { LEAST_COVERAGE } from "../../retrieval/question-coverage";
import {
  type CoveredPassages,
  type Passage,
  type PassageSource,
  searchCourses,
  searchWithCoverage,
} from "../../retrieval/search";
import { toMomentUrl, transcriptViewPath } from "../../text/moment-url";
import { toPageUrl } from "../../text/page-url";
import type { ClientTool } from "../request";
import type { FoundPassage, FoundPassages } from "./cited-passages";

/** A tool that we run. It returns passages, which the caller numbers, or a JSON value. */
export type ServerTool = {
  name: string;
  description: string;
  inputSchema: z.ZodObject;
  execute(input: unknown, signal: AbortSignal): Promise<ServerToolOutput>;
};
export type ServerToolOutput = FoundPassages | { answer: unknown };

/** One course as the caller sees it, and the services that search it. */
export type CourseScope = {
  db: Sql;
  embedder: Embedder;
  reranker?: Reranker | null;
  receipts?: QuestionReceipts;
  course_id: string;
  viewer: Viewer;
};

const PASSAGES = 8;
/** About half an hour of speech. */
const MAX_CHUNKS = 30;
const MAX_ASSETS = 200;

/** Milliseconds, at most what a PostgreSQL integer holds: 24 days. */
const PositionMs = z.int().min(0).max(2_147_483_647);

export const SearchInput = z.object({ query: z.string().trim().min(1).max(MAX_QUERY_CHARACTERS) });
const TranscriptSpan = z
  .object({ lecture_id: z.guid(), start_ms: PositionMs, end_ms: PositionMs })
  .refine(({ start_ms, end_ms }) => start_ms < end_ms, {
    path: ["end_ms"],
    message: "must be greater than start_ms",
  });
const PageInput = z.object({
  document_id: z.guid(),
  page_number: z
    .union([z.int().min(1).max(1_000_000), z.string().trim().min(1).max(50)])
    .describe(
      "The number or label printed on the slide, such as 3 or iii (page_label of a passage); without a printed one, the position in the file",
    ),
});
const MomentInput = z.object({ lecture_id: z.guid(), time_ms: PositionMs });
const NoInput = z.object({});

/** The tools that read one course. The course is fixed here; the model cannot choose it. */
export function createCourseTools(course: CourseScope): ServerTool[] {
  const { db } = course;
  return [
    searchTool(course, "lectures", "what lecturers said in the recordings"),
    searchTool(course, "slides", "the slides"),
    tool({
      name: "read_transcript",
      description:
        "Reads the transcript of a lecture between two positions, in milliseconds from its start.",
      inputSchema: TranscriptSpan,
      execute: async (span) => {
        return withCounterparts(course, await readTranscriptChunks(db, course, span, MAX_CHUNKS));
      },
    }),
    tool({
      name: "read_page",
      description:
        "Reads one page of a slide deck by its printed number, or else by its position from 1.",
      inputSchema: PageInput,
      execute: async ({ document_id, page_number }) => {
        const page = { document_id, page: String(page_number) };
        return withCounterparts(course, await readPageChunks(db, course, page, MAX_CHUNKS));
      },
    }),
    tool({
      name: "find_moments",
      description:
        'Finds when lectures show a page of a slide deck, and reads what is said there. For "play me the part about this slide": the links of the passages open the recording at these moments.',
      inputSchema: PageInput,
      execute: ({ document_id, page_number }) =>
        readMoments(course, { document_id, page: String(page_number) }),
    }),
    tool({
      name: "find_slide",
      description:
        "Reads the slide that a lecture shows at a position, in milliseconds from its start. 12:30 is 750000.",
      inputSchema: MomentInput,
      execute: (moment) => readShownSlide(course, moment),
    }),
    tool({
      name: "list_assets",
      description: "Lists the lectures and slide decks of the course with their ids.",
      inputSchema: NoInput,
      execute: async () => {
        return { answer: { assets: await listCourseAssets(db, course, MAX_ASSETS) } };
      },
    }),
  ];
}

async function withCounterparts(
  { db, viewer }: CourseScope,
  chunks: ReadChunk[],
): Promise<FoundPassages> {
  const passages = chunks.map(toReadPassage);
  const counterparts = await readCounterparts(db, viewer, passages);
  return { passages: passages.map((passage, i) => ({ ...passage, ...counterparts[i] })) };
}

const MOST_MOMENTS = 5;
const CHUNKS_PER_MOMENT = 3;
/** A chunk that reaches less into a moment is about the page before or after. */
const MIN_OVERLAP_MS = 5_000;
const UNCERTAIN = "The timeline is not sure here: it can be a neighbouring page.";

/** The speech at the moments of a page: the confident moments, or else all, the longest first. */
async function readMoments(course: CourseScope, page: NamedPage): Promise<FoundPassages> {
  const { db, viewer } = course;
  const page_number = await findPagePosition(db, course, page);
  if (page_number === null) return { passages: [] };
  const all = await listPageMoments(db, { ...page, page_number }, viewer);
  const confident = all.filter(({ confidence }) => confidence >= CONFIDENT);
  const moments = (confident.length > 0 ? confident : all)
    .toSorted((a, b) => b.end_ms - b.start_ms - (a.end_ms - a.start_ms))
    .slice(0, MOST_MOMENTS);
  const chunks: ReadChunk[] = [];
  for (const moment of moments) {
    for (const chunk of await readTranscriptChunks(db, course, moment, CHUNKS_PER_MOMENT)) {
      // The link opens where the page appears, not where the chunk begins.
      const start_ms = Math.max(chunk.start_ms!, moment.start_ms);
      const end_ms = Math.min(chunk.end_ms!, moment.end_ms);
      const isShort = end_ms - start_ms < Math.min(MIN_OVERLAP_MS, moment.end_ms - moment.start_ms);
      const isKnown = chunks.some(({ chunk_id }) => chunk_id === chunk.chunk_id);
      if (!isShort && !isKnown) chunks.push({ ...chunk, start_ms, end_ms });
    }
  }
  const found = await withCounterparts(course, chunks);
  return confident.length > 0 ? found : { ...found, note: UNCERTAIN };
}

async function readShownSlide(
  course: CourseScope,
  { lecture_id, time_ms }: { lecture_id: string; time_ms: number },
): Promise<FoundPassages> {
  const { db, viewer } = course;
  const owner = await findOwner(db, "lecture", lecture_id, viewer);
  if (owner?.course_id !== course.course_id) return { passages: [] };
  const spans = await listSlideSpans(db, lecture_id, viewer);
  const shown = spans.find(({ start_ms, end_ms }) => start_ms <= time_ms && time_ms < end_ms);
  if (!shown) return { passages: [] };
  const page = { document_id: shown.document_id, page: shown.page_number };
  const found = await withCounterparts(course, await readPageChunks(db, course, page, MAX_CHUNKS));
  return shown.confidence >= CONFIDENT ? found : { ...found, note: UNCERTAIN };
}

function searchTool(course: CourseScope, source: PassageSource, what: string) {
  return tool({
    name: SEARCH_TOOLS[source],
    description:
      `Searches ${what}. Answers numbered passages, the best first.` +
      (source === "slides" ? " For a slide by its number, use read_page." : ""),
    inputSchema: SearchInput,
    execute: ({ query }, signal) =>
      findPassages(course, { query, top_k: PASSAGES, sources: [source] }, signal),
  });
}

/**
 * Searches the course, and decides whether the passages cover the query: by the reranker's best score if
 * `minScore` is set and the reranker answered, otherwise by the words of the query.
 *
 * @throws AppError of the embedder
 */
export async function findPassages(
  { db, embedder, reranker, receipts, course_id, viewer }: CourseScope,
  wanted: { query: string; top_k: number; sources: PassageSource[] },
  signal: AbortSignal,
): Promise<FoundPassages> {
  const request = { ...wanted, course_id, viewer, mode: "hybrid" as const };
  const found = await searchWithCoverage({ db, embedder, reranker, receipts }, request, signal);
  return { ...toCovered(found, reranker), passages: found.passages.map(toFoundPassage) };
}

/**
 * Searches several courses, null for all. Like `findPassages`, and each passage has its course.
 *
 * @throws AppError of the embedder
 */
export async function findPassagesOfCourses(
  { db, embedder, reranker, receipts, viewer }: Omit<CourseScope, "course_id">,
  wanted: {
    query: string;
    top_k: number;
    sources: PassageSource[];
    course_ids: readonly string[] | null;
  },
  signal: AbortSignal,
): Promise<FoundPassages> {
  const request = { ...wanted, viewer, mode: "hybrid" as const };
  const found = await searchCourses({ db, embedder, reranker, receipts }, request, signal);
  const passages = found.passages.map((passage) => {
    const { course_id, course_name } = passage;
    return { ...toFoundPassage(passage), course_id, course_name };
  });
  return { ...toCovered(found, reranker), passages };
}

function toFoundPassage({ citation, content, metadata }: Passage): FoundPassage {
  // The model reads the whole passage, so its times are those of the passage; the link opens the sentence.
  const { start_ms, end_ms, page_end } = metadata as Partial<Record<string, number>>;
  return {
    ...citation,
    quote: content,
    ...(start_ms !== undefined && { start_ms, end_ms: end_ms! }),
    ...(page_end !== undefined && { page_end }),
  };
}

function toCovered(
  { coverage, best_score }: Pick<CoveredPassages, "coverage" | "best_score">,
  reranker: Reranker | null | undefined,
) {
  const minScore = reranker?.minScore;
  const covered =
    minScore !== undefined && best_score !== null
      ? best_score >= minScore
      : coverage === null || coverage >= LEAST_COVERAGE;
  return { covered, best_score };
}

/** Infers the type of the input; `execute` is called only with input that the schema accepted. */
const tool = <Shape extends z.ZodRawShape>(definition: {
  name: string;
  description: string;
  inputSchema: z.ZodObject<Shape>;
  execute(input: z.output<z.ZodObject<Shape>>, signal: AbortSignal): Promise<ServerToolOutput>;
}): ServerTool => definition as unknown as ServerTool;

/** A passage that was read by its position. */
export function toReadPassage(chunk: ReadChunk): FoundPassage {
  const { chunk_id, asset_id, title, content: quote, start_ms, end_ms, viewer_url, sha256 } = chunk;
  const common = { chunk_id, asset_id, title, quote, ...(sha256 && { sha256 }) };
  if (chunk.page_number !== undefined) {
    const { page_number, page_label, filename } = chunk;
    const url = toPageUrl({ asset_id, sha256: sha256!, page_number });
    return {
      ...common,
      source: "slides",
      ...(filename && { filename }),
      page_number,
      ...(page_label && { page_label }),
      url,
    };
  }
  return {
    ...common,
    source: "lectures",
    start_ms: start_ms!,
    end_ms: end_ms!,
    url: toMomentUrl(viewer_url ?? transcriptViewPath(asset_id), start_ms!),
  };
}

/** The tool definitions for a model call: our tools, then the client's. */
export function toToolDefinitions(
  tools: ServerTool[],
  clientTools: ClientTool[],
): NonNullable<ModelCallOptions["tools"]> {
  // A client's tool cannot replace one of ours, and providers refuse a name that is used twice.
  const taken = new Set(tools.map(({ name }) => name));
  const theirs = clientTools.filter(({ name }) => !taken.has(name) && taken.add(name));
  return [
    ...tools.map(({ name, description, inputSchema }) => ({
      type: "function" as const,
      name,
      description,
      inputSchema: toJsonSchema(inputSchema) as never,
    })),
    ...theirs.map(({ name, description, parameters }) => ({
      type: "function" as const,
      name,
      description,
      inputSchema: toObjectSchema(parameters) as never,
    })),
  ];
}

/** Providers refuse a schema of anything except an object. */
function toObjectSchema(sent: unknown): object {
  const schema = Array.isArray(sent) ? {} : (Object(sent) as { type?: unknown });
  const isObject = schema.type === undefined || schema.type === "object";
  return { properties: {}, ...(isObject && schema), type: "object" };
}

/** Cached: converting the schemas was the largest cost at the start of an answer. */
const jsonSchemas = new WeakMap<z.ZodObject, object>();

function toJsonSchema(schema: z.ZodObject): object {
  const known = jsonSchemas.get(schema);
  if (known) return known;
  const made = z.toJSONSchema(schema, { io: "input" });
  jsonSchemas.set(schema, made);
  return made;
}

/** Runs a tool. A failure is returned to the model as the result, and the run continues. */
export async function executeTool(
  tool: ServerTool | undefined,
  call: ToolCall,
  signal: AbortSignal,
): Promise<ServerToolOutput> {
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
