import { z } from "zod";
import { cleanLine } from "../../text/clean-text";

/** A UUID in lower case, as PostgreSQL prints it. */
export const Id = z.guid().toLowerCase();
export const Time = z.iso.datetime();
export const Json = z.record(z.string(), z.unknown());

/** A flag of a query: `true` or `false`. The OpenAPI document shows a boolean, which clients write so. */
export const Flag = z.stringbool().default(false).meta({ type: "boolean", default: false });

export const ById = z.object({ id: Id });
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});

export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next_cursor: z.string().nullable() });

export const JobStatus = z.object({
  job_id: Id,
  job_state: z.string().describe("`paused`: a budget is used up; `resume` continues"),
  progress_percent: z.number().int(),
  attempt: z.number().int().describe("Number of attempts so far; 0 before the first"),
  quarantined: z
    .boolean()
    .describe("The job ended its process before, so it runs in a process of its own"),
  next_attempt_at: Time.nullable().describe(
    "When the next attempt can start; null while one runs, and for a paused job that does not resume by itself",
  ),
  waiting_for: z.string().nullable().describe("The provider that the next attempt waits for"),
  error_code: z.string().nullable(),
  error_message: z.string().nullable(),
  started_at: Time.nullable(),
  finished_at: Time.nullable(),
  updated_at: Time,
});

export const Priority = z.enum(["normal", "high"]).default("normal");

/**
 * A name that people read: one line. Control characters could steer a terminal that lists names, and invisible
 * ones could make two names look alike or reverse the text around them, so they are removed.
 */
export const nameOf = (maximum: number) => z.string().overwrite(cleanLine).min(1).max(maximum);
export const Title = nameOf(300);
