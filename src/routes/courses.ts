import { Elysia } from "elysia";
import { z } from "zod";
import type { AuditWriter } from "../db/access/audit-writer";
import type { Sql } from "../db/client";
import {
  deleteCourse,
  getCourse,
  insertCourse,
  listAssets,
  listCourses,
  updateCourse,
} from "../db/courses";
import { getUsage } from "../db/jobs/usage";
import { removeFile } from "../pipelines/document/request";
import type { FileStorage } from "../storage/files";
import { Status as DocumentStatus } from "./documents/document-schemas";
import { auditSender, recordAudit } from "./http/audit";
import { principalOf, requireAdmin, viewerOf } from "./http/auth";
import { IdempotencyHeaders, once } from "./http/idempotency";
import { jsonBody } from "./http/json-body";
import { ById, Id, PageQuery, pageOf, Time, Title } from "./http/schemas";
import { Usage } from "./http/usage-schema";
import { Status as LectureStatus } from "./lectures/lectures";

const Description = z.string().max(10_000).nullable();
const NewCourse = z.strictObject({ name: Title, description: Description.optional() });
const Limits = z
  .strictObject({
    audio_minutes: z.number().min(0).optional(),
    pages: z.number().min(0).optional(),
    usd: z.number().min(0).optional(),
  })
  .describe("A limit that is left out has the value of the settings");
const Budget = z
  .strictObject({
    asset: Limits.optional(),
    course: Limits.optional(),
    day: Limits.optional(),
  })
  .nullable()
  .describe(
    "Limits of paid work for each asset, for the course, and for the course in a day (UTC)",
  );
const TranscriptionTerms = z
  .boolean()
  .nullable()
  .describe("Send terms of the slides to speech to text; null: as in the settings");
const CourseChange = NewCourse.partial().extend({
  budget: Budget.optional(),
  transcription_terms: TranscriptionTerms.optional(),
});

const Course = z
  .object({
    id: Id,
    name: z.string(),
    description: z.string().nullable(),
    budget: Budget,
    transcription_terms: TranscriptionTerms,
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: "Course" });

const AssetStatus = z.enum([...new Set([...LectureStatus.options, ...DocumentStatus.options])]);

const Asset = z
  .object({
    id: Id,
    kind: z.enum(["lecture", "document"]),
    title: z.string().nullable(),
    status: AssetStatus,
    status_reason: z.string().nullable(),
    error_code: z.string().nullable().describe("Why it failed or is paused"),
    duration_seconds: z
      .number()
      .nullable()
      .describe("Of a lecture: its audio, or else its transcript; null until it is known"),
    page_count: z.int().nullable().describe("Of a document; null until it is known"),
    progress_percent: z.number().int(),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: "Asset" });

type CourseRoutesDeps = { db: Sql; storage: FileStorage; audit: AuditWriter };

export const courseRoutes = ({ db, storage, audit }: CourseRoutesDeps) =>
  new Elysia({ prefix: "/api/courses", tags: ["Courses"] })
    .post(
      "",
      async ({ body, request, status }) => {
        const insert = async () => ({ status: 201, body: await insertCourse(db, body) });
        return status(201, (await once(db, request, body, insert)).body);
      },
      {
        parse: jsonBody,
        body: NewCourse,
        headers: IdempotencyHeaders,
        response: { 201: Course },
        detail: { summary: "Create a course" },
      },
    )
    .get("", ({ query, request }) => listCourses(db, query, principalOf(request).course_ids), {
      query: PageQuery,
      response: pageOf(Course),
      detail: { summary: "List courses, newest first" },
    })
    .get("/:id", ({ params }) => getCourse(db, params.id), {
      params: ById,
      response: Course,
      detail: { summary: "Get a course" },
    })
    .patch(
      "/:id",
      async ({ params, body, request }) => {
        if (body.budget !== undefined) requireAdmin(request);
        const course = await updateCourse(db, params.id, body);
        if (body.budget !== undefined) {
          const details = { budget: body.budget };
          recordAudit(audit, request, {
            event_type: "budget.changed",
            course_id: course.id,
            details,
          });
        }
        return course;
      },
      {
        parse: jsonBody,
        params: ById,
        body: CourseChange,
        response: Course,
        detail: {
          summary: "Change a course's name, description, budget or use of terms",
          description: "A change of the budget needs the scope admin.",
        },
      },
    )
    .delete(
      "/:id",
      async ({ params, request, status }) => {
        const { file_ids } = await deleteCourse(db, params.id, auditSender(request));
        for (const id of file_ids) await removeFile(db, storage, id);
        return status(204, undefined);
      },
      { params: ById, detail: { summary: "Delete a course and everything in it" } },
    )
    .get(
      "/:id/usage",
      async ({ params }) => {
        const course = await getCourse(db, params.id);
        return getUsage(db, { course_id: course.id });
      },
      {
        params: ById,
        response: Usage,
        detail: {
          summary: "Get the cost of a course at the providers",
          description: "The sums include deleted, hidden and personal material.",
        },
      },
    )
    .get(
      "/:id/assets",
      async ({ params, query, request }) => {
        const course = await getCourse(db, params.id);
        return listAssets(db, course.id, viewerOf(request), query);
      },
      {
        params: ById,
        query: PageQuery,
        response: pageOf(Asset),
        detail: { summary: "List a course's lectures and documents with their progress" },
      },
    );
