import { setTimeout as sleep } from "node:timers/promises";
import { type Document, getDocument } from "../../db/documents";
import { AppError } from "../../errors";
import type { Log } from "../../log";
import { keepClaim, runAttempt, VISIBILITY_SECONDS } from "../../queue/attempt";
import { type ClaimedDocumentJob, claimDocumentJob, finishJob } from "../../queue/queue";
import { openAttempt } from "../step";
import {
  type DescribeTools,
  describePages,
  pagesToDescribe,
  settleDescription,
  type Wanted,
} from "./describe";

type Tools = DescribeTools & { log: Log };

/** How often a request looks whether the worker that has its document is done. */
const LOOK_EVERY_MS = 500;

/**
 * Describes a document's missing pages while the caller waits. The request takes the document's job as a
 * worker would and hands it on, so chunks and embeddings follow in the background. When a worker has the
 * job already, its result is waited for instead.
 *
 * @param signal  stops the calls to the model; what is described by then stays
 * @throws AppError `document_not_found`, `page_not_found`, `document_busy` when pages are to be done again
 *   while a worker has them, `document_without_text`, `pdf_…`, `provider_…`
 */
export async function describeNow(
  document_id: string,
  tools: Tools,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Document> {
  const { db } = tools;
  for (;;) {
    signal.throwIfAborted();
    const document = await getDocument(db, document_id);
    const missing = await pagesToDescribe(tools, document, wanted);
    refusePagesBeyond(document, wanted);
    if (missing?.length === 0) return document;

    const claim = await claimDocumentJob(db, document_id, VISIBILITY_SECONDS);
    if (claim) {
      await describeUnder(claim, tools, wanted, signal);
      const described = await getDocument(db, document_id);
      refusePagesBeyond(described, wanted);
      return described;
    }
    if (wanted.force) throw new AppError("document_busy");
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

function refusePagesBeyond({ page_count }: Document, { pages = [] }: Wanted): void {
  const beyond = pages.filter((page) => page_count !== null && page > page_count);
  if (beyond.length > 0) throw new AppError("page_not_found", { page_count, pages: beyond });
}

/** One attempt of the claimed job. Both its end and the caller's leaving hand the job to the workers. */
async function describeUnder(
  claim: ClaimedDocumentJob,
  tools: Tools,
  wanted: Wanted,
  gone: AbortSignal,
): Promise<void> {
  const { db, log } = tools;
  const { asset_id } = claim;
  const handOn = new AbortController();
  const stop = AbortSignal.any([gone, handOn.signal]);
  let failure: unknown;

  const describe = async (signal: AbortSignal) => {
    const attempt = openAttempt(db, "document", claim, signal, () => {});
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
  const outcome = await runAttempt(db, claim, handler, { stop, lost, log }).finally(release);

  gone.throwIfAborted();
  if (outcome === "lost") {
    await getDocument(db, asset_id); // deleted meanwhile?
    throw new AppError("document_busy");
  }
  if (failure) throw failure;
}

/**
 * Whether the workers go on although the pages could not be described: a document that was whole stays
 * so. One that had failed, however, does not go on without the caller who wanted it.
 */
async function mayGoOn(
  claim: ClaimedDocumentJob,
  tools: Tools,
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

async function isComplete(document_id: string, tools: Tools): Promise<boolean> {
  const missing = await pagesToDescribe(tools, await getDocument(tools.db, document_id));
  return missing?.length === 0;
}
