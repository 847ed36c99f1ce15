import { z } from "zod";
import { findOwner } from "../../db/access/owners";
import type { Sql } from "../../db/client";
import { getCourse, listCourses } from "../../db/courses";
import { AppError } from "../../errors";
import type { Viewer } from "../../principal";
import { SEARCH_TOOLS } from "../../providers/chat/chat-model";
import { toAbsoluteUrl } from "../../text/absolute-urls";
import { CitedPassages, type FoundPassages } from "../agent/cited-passages";
import {
  type CourseScope,
  createCourseTools,
  findPassages,
  findPassagesOfCourses,
  SearchInput,
  type ServerTool,
} from "../agent/tools";

export type McpTool = {
  name: string;
  /** For people, in lists of tools. */
  title: string;
  description: string;
  inputSchema: z.ZodObject;
  outputSchema: z.ZodObject;
  /** @throws AppError, also if the course or asset does not exist */
  run(input: McpInput, signal: AbortSignal): Promise<Record<string, unknown>>;
};
type McpInput = Record<string, unknown>;

export type McpScope = {
  /** The course of all calls. Undefined: each call names its course. */
  course_id: string | undefined;
  /** The courses that the caller can reach; null for all. */
  course_ids: readonly string[] | null;
  viewer: Viewer;
  /** Our own address, to make links absolute. */
  origin: string;
};

type McpDeps = Omit<CourseScope, "course_id" | "viewer">;

const Id = z.guid().toLowerCase();
const OfCourse = { course_id: Id.describe("An id from list_courses") };

const McpSearchInput = SearchInput.extend({
  top_k: z.int().min(1).max(50).default(8).describe("Maximum number of passages"),
  sources: z
    .array(z.enum(["lectures", "slides"]))
    .min(1)
    .max(2)
    .default(["lectures", "slides"]),
});

const FoundPassage = z.object({
  number: z.int().describe("Number of the passage in this result"),
  source: z.enum(["lectures", "slides"]),
  asset_id: z.string(),
  title: z.string(),
  filename: z.string().optional().describe("Of a slide deck"),
  page_number: z.int().optional().describe("Position in the file, from 1"),
  page_label: z.string().optional().describe("Printed number of the page, if it differs"),
  start_ms: z.int().optional().describe("Milliseconds from the start of the recording"),
  end_ms: z.int().optional(),
  content: z.string(),
  sha256: z.string().optional().describe("Checksum of the quoted version"),
  slide: z
    .object({
      document_id: z.string(),
      title: z.string().nullable(),
      page_number: z.int(),
      page_label: z.string().optional(),
      confidence: z.number(),
      url: z.string(),
    })
    .optional()
    .describe("Of speech: the slide that is shown during it"),
  moments: z
    .array(
      z.object({
        lecture_id: z.string(),
        title: z.string().nullable(),
        start_ms: z.int(),
        end_ms: z.int(),
        confidence: z.number(),
        url: z.string(),
      }),
    )
    .optional()
    .describe("Of a page: when lectures show it"),
  url: z.string().nullable().describe("Link to the page, or to the second in the recording"),
});
const Found = {
  note: z.string(),
  covered: z
    .boolean()
    .optional()
    .describe("Of a search: false if the passages match the query poorly"),
};
const Passages = z.object({ ...Found, passages: z.array(FoundPassage) });
const CoursePassages = z.object({
  ...Found,
  passages: z.array(FoundPassage.extend({ course_id: z.string(), course_name: z.string() })),
});
const Assets = z.object({
  assets: z.array(
    z.object({
      kind: z.enum(["lecture", "document"]),
      id: z.string(),
      title: z.string().nullable(),
      status: z.string(),
      duration_ms: z.int().nullable(),
      page_count: z.int().nullable(),
      filename: z.string().nullable().describe("Of a document"),
    }),
  ),
});
const Courses = z.object({
  courses: z.array(
    z.object({ id: z.string(), name: z.string(), description: z.string().nullable() }),
  ),
  next_cursor: z.string().nullable(),
});

const TITLES: Record<string, string> = {
  search: "Search a course",
  search_courses: "Search all courses",
  read_transcript: "Read a transcript",
  read_page: "Read a page",
  list_assets: "List lectures and slide decks",
  list_courses: "List courses",
  find_moments: "Find when a slide is shown",
  find_slide: "Find the slide shown at a moment",
};

/** The tools of the chat for external agents, which name the course and get absolute links. */
export function createMcpTools(
  deps: McpDeps,
  { course_id: fixed, course_ids, viewer, origin }: McpScope,
): McpTool[] {
  const ofCourse = courseTools({ ...deps, viewer, course_id: fixed ?? "" }).map(
    ({ name, description, inputSchema }): McpTool => ({
      name,
      title: TITLES[name] ?? name,
      description,
      inputSchema: fixed ? inputSchema : inputSchema.safeExtend(OfCourse),
      outputSchema: name === "list_assets" ? Assets : Passages,
      async run(input, signal) {
        const named = fixed ?? (input.course_id as string);
        if (course_ids !== null && !course_ids.includes(named.toLowerCase())) {
          throw new AppError("course_not_found");
        }
        const { id } = await getCourse(deps.db, named);
        const course = { ...deps, viewer, course_id: id };
        await refuseForeignAsset(course, input);
        const tool = courseTools(course).find((tool) => tool.name === name)!;
        const output = await tool.execute(input, signal);
        if ("answer" in output) return output.answer as Record<string, unknown>;
        return present(output, origin);
      },
    }),
  );
  if (fixed) return ofCourse;
  // A caller limited to one course cannot search or list the others.
  const search = coursesSearchTool(deps, { course_ids, viewer, origin });
  return [...ofCourse, search, coursesTool(deps.db, course_ids)];
}

/** Numbers the passages and makes their links absolute. */
function present(found: FoundPassages, origin: string) {
  const absolute = (url: string | null) => url && toAbsoluteUrl(url, origin);
  const linked = <T extends { url: string }>(one: T) => ({ ...one, url: absolute(one.url)! });
  const passages = found.passages.map(({ slide, moments, ...one }) => ({
    ...one,
    url: absolute(one.url),
    ...(slide && { slide: linked(slide) }),
    ...(moments && { moments: moments.map(linked) }),
  }));
  return new CitedPassages([]).present({ ...found, passages });
}

function coursesSearchTool(
  deps: McpDeps,
  { course_ids, viewer, origin }: Omit<McpScope, "course_id">,
): McpTool {
  return {
    name: "search_courses",
    title: TITLES.search_courses!,
    description:
      "Searches lectures and slides of all courses. Returns numbered passages, best first, each with its course.",
    inputSchema: McpSearchInput,
    outputSchema: CoursePassages,
    run: async (input, signal) => {
      const wanted = { ...(input as z.output<typeof McpSearchInput>), course_ids };
      return present(await findPassagesOfCourses({ ...deps, viewer }, wanted, signal), origin);
    },
  };
}

/** Offers one search instead of the chat's two; the caller's model chooses the sources. */
function courseTools(course: CourseScope): ServerTool[] {
  const searches: string[] = Object.values(SEARCH_TOOLS);
  return [
    {
      name: "search",
      description:
        "Searches lectures and slides of a course. Returns numbered passages, best first.",
      inputSchema: McpSearchInput,
      execute: (input, signal) =>
        findPassages(course, input as z.output<typeof McpSearchInput>, signal),
    },
    ...createCourseTools(course).filter(({ name }) => !searches.includes(name)),
  ];
}

/**
 * Rejects an asset of another course and a hidden one with an error; in a chat such a call just finds
 * nothing.
 */
async function refuseForeignAsset(
  { db, course_id, viewer }: CourseScope,
  input: McpInput,
): Promise<void> {
  for (const kind of ["lecture", "document"] as const) {
    const id = input[`${kind}_id`] as string | undefined;
    if (id === undefined) continue;
    const owner = await findOwner(db, kind, id, viewer);
    if (owner?.course_id !== course_id) throw new AppError(`${kind}_not_found`);
  }
}

function coursesTool(db: Sql, course_ids: readonly string[] | null): McpTool {
  const CoursesQuery = z.object({
    limit: z.int().min(1).max(200).default(50),
    cursor: z.string().max(200).optional().describe("next_cursor of the previous page"),
  });
  return {
    name: "list_courses",
    title: TITLES.list_courses!,
    description: "Lists the courses with their ids, newest first.",
    inputSchema: CoursesQuery,
    outputSchema: Courses,
    async run(input) {
      const { items, next_cursor } = await listCourses(
        db,
        input as z.output<typeof CoursesQuery>,
        course_ids,
      );
      const courses = items.map(({ id, name, description }) => ({ id, name, description }));
      return { courses, next_cursor };
    },
  };
}
