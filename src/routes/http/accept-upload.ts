import type { z } from "zod";
import type { Sql } from "../../db/client";
import type { Forecast } from "../../db/jobs/usage";
import { requestEnd, requireCourse } from "./auth";
import { type CreationResponse, once } from "./idempotency";
import { type ReceivedFile, receiveUpload, type UploadRules } from "./multipart-upload";

/**
 * Receives a file and passes it to `accept`, once for each `Idempotency-Key`: 202 if `accept` created
 * something, 200 if it already existed. The file is removed at the end unless `accept` moves it.
 *
 * @throws AppError as `receiveUpload`, `once` and `accept` do
 */
export async function acceptUpload<Fields extends z.ZodType<object>, Accepted>(
  db: Sql,
  request: Request,
  rules: UploadRules<Fields>,
  accept: (
    fields: z.output<Fields>,
    file: ReceivedFile,
  ) => Promise<Accepted & { created: boolean }>,
): Promise<CreationResponse<Omit<Accepted, "created">>> {
  await using upload = await receiveUpload(request, rules);
  const { fields, file } = upload;
  return await once(db, request, { ...fields, sha256: file.sha256 }, async () => {
    const { created, ...accepted } = await accept(fields, file);
    return { status: created ? 202 : 200, body: accepted };
  });
}

/**
 * Receives a file, states what its processing is expected to cost, and removes it.
 *
 * @throws AppError as `receiveUpload` and `forecast` do, `course_not_found`
 */
export async function forecastUpload<Fields extends z.ZodType<{ course_id: string }>>(
  request: Request,
  rules: UploadRules<Fields>,
  forecast: (course_id: string, path: string, signal: AbortSignal) => Promise<Forecast>,
): Promise<{ dry_run: true; forecast: Forecast }> {
  await using upload = await receiveUpload(request, rules);
  const { course_id } = upload.fields;
  requireCourse(request, course_id);
  const expected = await forecast(course_id, upload.file.path, requestEnd(request));
  return { dry_run: true, forecast: expected };
}
