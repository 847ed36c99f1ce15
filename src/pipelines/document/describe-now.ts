import { type DocumentBuild, getBuild } from "../../db/document-versions";
import { type Document, getDocument } from "../../db/documents";
import { AppError } from "../../errors";
import type { Log } from "../../log";
import { pause } from "../../pause";
import { keepClaim, runAttempt, VISIBILITY_SECONDS } from "../../queue/attempt";
import { runLogged } from "../../queue/job-context";
import { type ClaimedDocumentJob, claimDocumentJob, finishJob } from "../../queue/queue";
import type { CallPolicy } from "../paid-calls";
import { openAttempt } from "../step";
import {
  type DescribeTools,
  describePages,
  pagesToDescribe,
  settleDescription,
  type Wanted,
} from "./describe";

type DescribeNowDeps = DescribeTools & { log: Log; callPolicy: CallPolicy };

/** Interval at which a request checks whether the worker with its document has finished. */
const LOOK_EVERY_MS = 500;

/**
 * Describes a document's missing pages while the caller waits. The request claims the document's job like
 * a worker and then returns it to the queue, so chunks and embeddings follow in the background. If a worker
 * has the job already, the request waits for its result.
 *
 * @param signal  stops the calls to the model; pages that are described already stay
 * @throws AppError `document_not_found`, `page_not_found`, `document_busy` when pages must be described again
 *   while a worker has them, `document_without_text`, `pdf_…`, `provider_…`
 */
export async function describeNow(
  document_id: string,
  tools: DescribeNowDeps,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Document> {
  const { db } = tools;
  for (;;) {
    signal.throwIfAborted();
    const build = await getBuild(db, document_id);
    const missing = await pagesToDescribe(tools, build, wanted);
    refusePagesBeyond(build, wanted);
    if (missing?.length === 0) return getDocument(db, document_id);

    const claim = await claimDocumentJob(db, document_id, VISIBILITY_SECONDS);
    if (claim) {
      await describeUnder(claim, tools, wanted, signal);
      refusePagesBeyond(await getBuild(db, document_id), wanted);
      return getDocument(db, document_id);
    }
    const { status, status_reason } = await getDocument(db, document_id);
    if (status === "paused") throw new AppError("budget_exceeded", { message: status_reason });
    if (wanted.force) throw new AppError("document_busy");
    await pause(LOOK_EVERY_MS, signal);
  }
}

function refusePagesBeyond({ page_count }: DocumentBuild, { pages = [] }: Wanted): void {
  const beyond = pages.filter((page) => page_count !== null && page > page_count);
  if (beyond.length > 0) throw new AppError("page_not_found", { page_count, pages: beyond });
}

/** One attempt of the claimed job. When it ends, or its caller disconnects, the job returns to the workers. */
async function describeUnder(
  claim: ClaimedDocumentJob,
  tools: DescribeNowDeps,
  wanted: Wanted,
  gone: AbortSignal,
): Promise<void> {
  const { db, log, callPolicy } = tools;
  const { asset_id } = claim;
  const handOn = new AbortController();
  const stop = AbortSignal.any([gone, handOn.signal]);
  let failure: unknown;

  const describe = async (signal: AbortSignal) => {
    const attempt = openAttempt(db, "document", claim, signal, () => {}, callPolicy);
    await attempt.step("describing", () => describePages(asset_id, tools, attempt, wanted));
    if (await isComplete(asset_id, tools)) await settleDescription(asset_id, db, attempt);
  };
  const handler = async (_: unknown, signal: AbortSignal) => {
    try {
      await describe(signal);
    } catch (error) {
      failure = error;
      if (await mayGoOn(claim, tools, error, gone)) handOn.abort();
      throw error;
    }
    handOn.abort();
    throw handOn.signal.reason;
  };
  const lost = new AbortController();
  const release = keepClaim(db, claim, lost, log);
  const attempt = () => runAttempt(db, claim, handler, { stop, lost, log });
  const outcome = await runLogged(claim, log, attempt).finally(release);

  gone.throwIfAborted();
  if (outcome === "lost") {
    await getDocument(db, asset_id); // throws if it was deleted
    throw new AppError("document_busy");
  }
  if (failure) throw failure;
}

/**
 * Whether the workers continue although the pages could not be described: a complete document stays
 * complete. A document that failed earlier continues only while its caller waits.
 */
async function mayGoOn(
  claim: ClaimedDocumentJob,
  tools: DescribeNowDeps,
  failure: unknown,
  gone: AbortSignal,
): Promise<boolean> {
  const code = failure instanceof AppError ? failure.errorCode : undefined;
  if (code === "claim_lost" || code === "document_without_text") return false;
  if (await isComplete(claim.asset_id, tools)) return true;
  if (gone.aborted && claim.had_failed) {
    const message = "The request that described it was cancelled";
    await finishJob(tools.db, claim, "failed", { code: "cancelled", message });
  }
  return false;
}

async function isComplete(document_id: string, tools: DescribeNowDeps): Promise<boolean> {
  const missing = await pagesToDescribe(tools, await getBuild(tools.db, document_id));
  return missing?.length === 0;
}
