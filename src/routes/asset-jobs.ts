import { Elysia } from "elysia";
import type { z } from "zod";
import type { AuditWriter } from "../db/access/audit-writer";
import type { Sql } from "../db/client";
import { cancelJob, hurryJob } from "../db/jobs/job-control";
import type { JobKind } from "../db/jobs/jobs";
import { getUsage, resumeAsset } from "../db/jobs/usage";
import { AppError } from "../errors";
import { recordAudit } from "./http/audit";
import { requireAdmin } from "./http/auth";
import { ById } from "./http/schemas";
import { ResumeQuery, Usage } from "./http/usage-schema";

type AssetJobDeps = {
  db: Sql;
  audit: AuditWriter;
  kind: JobKind;
  /** The response that names the asset and its job. */
  accepted: z.ZodType<{ job_id: string }>;
  /** The id of the asset's last job. @throws AppError `…_not_found` */
  findJob: (asset_id: string) => Promise<string>;
  /** Continues a failed job and returns its id. @throws AppError `…_not_found`, `not_retryable` */
  restart: (asset_id: string) => Promise<string>;
};

/** The routes below `/api/lectures` or `/api/documents` that steer the job of an asset, and show what it cost. */
export const assetJobRoutes = ({ db, audit, kind, accepted, findJob, restart }: AssetJobDeps) => {
  const toAccepted = (asset_id: string, job_id: string): { job_id: string } => ({
    [`${kind}_id`]: asset_id,
    job_id,
  });
  const response = { 202: accepted };
  const tag = kind === "lecture" ? "Lectures" : "Documents";
  return new Elysia({ tags: [tag] })
    .post(
      "/:id/retry",
      async ({ params: { id }, status }) => status(202, toAccepted(id, await restart(id))),
      {
        params: ById,
        response,
        detail: {
          summary: `Retry a failed ${kind}; finished steps are not repeated`,
          description: `A ${kind} that waits for its next attempt is processed next.`,
        },
      },
    )
    .post(
      "/:id/cancel",
      async ({ params: { id }, status }) => {
        const job_id = await findJob(id);
        if (!(await cancelJob(db, id))) throw new AppError("not_cancellable");
        return status(202, toAccepted(id, job_id));
      },
      {
        params: ById,
        response,
        detail: { summary: `Cancel the processing of a ${kind}; retry starts it again` },
      },
    )
    .post(
      "/:id/hurry",
      async ({ params: { id }, status }) => {
        await findJob(id);
        const job_id = await hurryJob(db, id);
        if (!job_id) throw new AppError("not_hurryable");
        return status(202, toAccepted(id, job_id));
      },
      {
        params: ById,
        response,
        detail: { summary: `Process a waiting ${kind} next, without its delay` },
      },
    )
    .post(
      "/:id/resume",
      async ({ params: { id }, query, request, status }) => {
        if (query.override) requireAdmin(request);
        const job_id = await resumeAsset(db, kind, id, query.override);
        if (query.override) {
          recordAudit(audit, request, { event_type: "budget.overridden", target: id });
        }
        return status(202, toAccepted(id, job_id));
      },
      {
        params: ById,
        query: ResumeQuery,
        response,
        detail: { summary: `Continue a paused ${kind} after its budget was raised` },
      },
    )
    .get(
      "/:id/usage",
      async ({ params: { id } }) => {
        await findJob(id);
        return getUsage(db, { asset_id: id });
      },
      {
        params: ById,
        response: Usage,
        detail: { summary: `Get the cost of a ${kind} at the providers` },
      },
    );
};
