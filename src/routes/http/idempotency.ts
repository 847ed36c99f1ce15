import { createHash } from "node:crypto";
import { z } from "zod";
import type { Sql } from "../../db/client";
import { keepAnswer, releaseKey, takeKey } from "../../db/jobs/idempotency";
import { AppError } from "../../errors";
import { principalName } from "../../principal";
import { principalOf } from "./auth";

/** The response of a creating request, which a repeated request gets again. */
export type CreationResponse<B> = {
  status: number;
  body: B;
  /** The conversation that the body quotes: its deletion deletes the stored response. */
  session_id?: string;
  /** True for the stored response of an earlier request. */
  isRepeated?: true;
};

/** The header as routes declare it. */
export const IdempotencyHeaders = z.object({
  "idempotency-key": z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      "A request with a key of the last 24 hours gets the response of the first request with that key",
    ),
});

/**
 * Runs a creating request once for each `Idempotency-Key`, or always if the header is absent.
 *
 * @param fingerprint the content that makes two requests equal, such as the body or a file's hash
 * @throws AppError `idempotency_key_in_use` while the first request is running,
 *   `idempotency_key_reused` for a different request with the same key
 */
export async function once<B>(
  db: Sql,
  request: Request,
  fingerprint: unknown,
  run: () => Promise<CreationResponse<B>>,
): Promise<CreationResponse<B>> {
  const given = request.headers.get("idempotency-key");
  if (!given) return run();
  // Each caller and user has its own keys, so a caller never gets the response of another.
  const principal = principalOf(request);
  const key = `${principalName(principal)} ${principal.user_id ?? ""} ${given}`;
  const route = `${request.method} ${new URL(request.url).pathname}`;
  const request_hash = createHash("sha256").update(JSON.stringify(fingerprint)).digest("hex");

  const kept = await takeKey(db, { key, route, request_hash });
  if (kept && kept.request_hash !== request_hash) throw new AppError("idempotency_key_reused");
  if (kept && kept.status === null) throw new AppError("idempotency_key_in_use");
  if (kept) return { status: kept.status!, body: kept.body as B, isRepeated: true };
  try {
    const answer = await run();
    const { status, body, session_id = null } = answer;
    await keepAnswer(db, { key, route, status, body, session_id });
    return answer;
  } catch (error) {
    await releaseKey(db, key, route).catch(() => {});
    throw error;
  }
}
