import type { ReceiptWriter } from "../db/jobs/receipt-writer";
import { AppError } from "../errors";
import { inCallSpan } from "../providers/call-span";
import { type PaidCalls, UNRECORDED } from "../providers/paid-calls";

/** `receipts` records the calls of a search that cost money. Null: they are not recorded. */
export type QuestionReceipts = Pick<ReceiptWriter, "record"> | null | undefined;

/**
 * The billable calls of one search, recorded after they end. They pass no circuit breaker and no budget,
 * because a person waits for the answer; their cost counts for both.
 *
 * @param course_id null for a search in several courses: its cost counts for the installation only
 */
export function questionCalls(
  receipts: QuestionReceipts,
  purpose: "embed_question" | "embed_texts" | "rerank",
  course_id: string | null,
): PaidCalls {
  if (!receipts) return UNRECORDED;
  return {
    run: async (billable, request) => {
      const { service: provider, model, isFree = false } = billable;
      const call_key = `${course_id === null ? "courses" : `course:${course_id}`}:${purpose}`;
      const call = { call_key, purpose, provider, model, course_id, isFree };
      const started = performance.now();
      const elapsed = () => (performance.now() - started) / 1_000;
      try {
        const { result, usage } = await inCallSpan(purpose, provider, model, () =>
          request({ request_id: null, submitted: async () => {} }),
        );
        receipts.record({ ...call, state: "ok", usage, error_code: null, seconds: elapsed() });
        return result;
      } catch (error) {
        const error_code = error instanceof AppError ? error.errorCode : null;
        // The provider worked on an answer that cannot be used, and possibly on one that came too late.
        const isLost = error_code === null || error_code === "cancelled";
        const isBilled = isLost || error_code === "provider_answer_invalid";
        const state = isLost ? "lost" : "error";
        const billed = isBilled ? billable.estimate : {};
        receipts.record({ ...call, state, usage: billed, error_code, seconds: elapsed() });
        throw error;
      }
    },
  };
}

/** The course that pays for a search; null when it reads several. */
export const onlyCourse = (course_ids: readonly string[] | null): string | null =>
  course_ids?.length === 1 ? course_ids[0]! : null;
