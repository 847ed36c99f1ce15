import { Elysia } from "elysia";
import { z } from "zod";
import type { Sql } from "../db/client";
import { getJob, JOB_ACTIVITIES, listJobs } from "../db/jobs/job-list";
import { endQueueHold } from "../db/jobs/queue-hold";
import { ById, Id, Json, PageQuery, pageOf, Time } from "./http/schemas";

const JobKindName = z.enum(["lecture", "document"]);
const Activity = z
  .enum(JOB_ACTIVITIES)
  .describe(
    "`waiting`: for a worker, for its next attempt or for a provider; `paused`: until it is resumed",
  );

const JobFields = z.object({
  job_id: Id,
  kind: JobKindName,
  asset_id: Id,
  course_id: Id,
  title: z.string().nullable(),
  activity: Activity,
  job_state: z.string(),
  progress_percent: z.int(),
  priority: z.enum(["normal", "high"]),
  attempt: z.int(),
  errors: z.int().describe("Attempts that ended with an error"),
  crashes: z.int().describe("Attempts that crashed their process"),
  interruptions: z.int().describe("Attempts that ended with their process, for any reason"),
  quarantined: z.boolean().describe("The job runs in a process of its own"),
  next_attempt_at: Time.nullable(),
  waiting_for: z.string().nullable().describe("The provider whose failure delays the next attempt"),
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
  created_at: Time,
  started_at: Time.nullable(),
  finished_at: Time.nullable(),
});
const JobItem = JobFields.meta({ id: "Job" });
const JobWithLog = JobFields.extend({
  log: z.array(Json).describe("The history of the attempts, oldest first"),
}).meta({ id: "JobDetails" });

const JobQuery = PageQuery.extend({
  activity: Activity.optional(),
  kind: JobKindName.optional(),
  course_id: Id.optional(),
});

/** The queue as operators see it. An asset's own routes retry, cancel and hurry its job. */
export const jobRoutes = ({ db }: { db: Sql }) =>
  new Elysia({ prefix: "/api/jobs", tags: ["Operation"] })
    .get("", ({ query }) => listJobs(db, query, query), {
      query: JobQuery,
      response: pageOf(JobItem),
      detail: { summary: "List jobs, newest first" },
    })
    .post("/resume", async () => ({ resumed: await endQueueHold(db) }), {
      response: z.object({ resumed: z.boolean().describe("false: the queue was not on hold") }),
      detail: {
        summary: "Let the queue continue after a restore",
        description:
          "After a restore no job begins, no source is synchronised, no webhook is sent and no old data is deleted. " +
          "Check the restored data first.",
      },
    })
    .get("/:id", ({ params }) => getJob(db, params.id), {
      params: ById,
      response: JobWithLog,
      detail: {
        summary: "Get a job with its history",
        description: "The id is that of a job, or of a lecture or document for its newest job.",
      },
    });
