import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { alignNextLecture } from "../alignment/align-lecture";
import { isAnyAlignmentDue } from "../db/alignment/due-alignments";
import { hurryJob } from "../db/jobs/job-control";
import { AppError, isRetryable } from "../errors";
import type { Log } from "../log";
import { pause } from "../pause";
import { type DocumentTools, ingestDocument } from "../pipelines/document/ingest";
import { receiveDocument } from "../pipelines/document/request";
import { receiveTranscript } from "../pipelines/lecture/import";
import { ingestLecture, type LectureDeps } from "../pipelines/lecture/ingest";
import type { CallPolicy } from "../pipelines/paid-calls";
import { openAttempt } from "../pipelines/step";
import { keepClaim, runAttempt, VISIBILITY_SECONDS } from "../queue/attempt";
import { type ClaimedJob, claimJob, QUEUES } from "../queue/queue";
import type { CourseFolder } from "./course-folder";
import { describeFailure, isFaultOfFile } from "./folder-files";

export type FolderDeps = DocumentTools &
  LectureDeps & {
    callPolicy: CallPolicy;
    log: Log;
    signal: AbortSignal;
    say: (line: string) => void;
  };

/** A short outage must not end an evaluation that takes minutes, and a long one must not keep it waiting. */
const MOST_ATTEMPTS = 3;
const RETRY_MS = 2_000;

/**
 * Ingests the PDFs and transcripts of a folder with the pipelines of the server, and aligns slides and speech.
 * The database must have no other jobs, because all of them are run here. A file without words only causes a warning.
 *
 * @param retryMs  the wait after a first failure that can end by itself
 * @returns the asset of each file
 * @throws AppError `evaluation_set_invalid` for a file that cannot be ingested; that of an outage which does not end
 */
export async function ingestFolder(
  course_id: string,
  { folder, documents, transcripts }: CourseFolder,
  deps: FolderDeps,
  retryMs = RETRY_MS,
): Promise<Map<string, string>> {
  const { db, storage, signal, say } = deps;
  const assets = new Map<string, string>();
  const sayUnsearchable = (name: string, failure: unknown) =>
    say(
      `${name} cannot be searched, so questions about it count as not found: ${describeFailure(failure)}`,
    );
  const add = async (filename: string, receive: () => Promise<string>) => {
    try {
      assets.set(filename, await receive());
    } catch (error) {
      if (!isFaultOfFile(error)) throw error;
      sayUnsearchable(filename, error);
    }
  };
  for (const filename of documents) {
    const path = join(storage.stagingDir, crypto.randomUUID());
    await copyFile(join(folder, filename), path);
    const bytes = await Bun.file(path).bytes();
    const sha256 = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    const file = { path, filename, size_bytes: bytes.length, sha256 };
    const request = { course_id, priority: "normal" as const };
    await add(
      filename,
      async () => (await receiveDocument({ db, storage }, request, file)).document_id,
    );
  }
  for (const filename of transcripts) {
    const bytes = await Bun.file(join(folder, filename)).bytes();
    const file = { filename, bytes };
    await add(
      filename,
      async () => (await receiveTranscript(db, { course_id }, file, signal)).lecture_id,
    );
  }
  const nameOf = new Map(assets.entries().map(([name, id]) => [id, name]));
  const failures = new Map<string, number>();
  let done = 0;
  for (let job = await nextJob(deps); job; job = await nextJob(deps)) {
    const failure = await runJob(job, deps);
    if (failure === null) {
      done += 1;
      say(`${done} of ${nameOf.size} files ingested`);
      continue;
    }
    const name = nameOf.get(job.asset_id) ?? job.asset_id;
    const count = (failures.get(name) ?? 0) + 1;
    failures.set(name, count);
    // Such as a scanned deck without OCR. The other files are evaluated.
    if (isFaultOfFile(failure)) {
      sayUnsearchable(name, failure);
      continue;
    }
    if (!isRetryable(failure)) throw invalidFile(name, failure);
    if (count === MOST_ATTEMPTS) throw failure;
    say(`${name}: ${messageOf(failure)}; it is tried again`);
    await pause(retryMs * count, signal);
    await hurryJob(db, job.asset_id);
  }
  if (done === 0)
    throw new AppError("evaluation_set_invalid", {
      path: folder,
      problem: "no file can be searched",
    });
  while (await alignNextLecture(deps, signal)) signal.throwIfAborted();
  if (await isAnyAlignmentDue(db)) throw new Error("a lecture could not be aligned");
  return assets;
}

async function nextJob({ db, signal }: FolderDeps): Promise<ClaimedJob | null> {
  signal.throwIfAborted();
  return (await claimJob(db, [...QUEUES], VISIBILITY_SECONDS)) ?? null;
}

/** Runs one attempt of a job; null if it is done, else the failure. */
async function runJob(job: ClaimedJob, deps: FolderDeps): Promise<unknown> {
  const { db, callPolicy, log, signal } = deps;
  const lost = new AbortController();
  const stopKeeping = keepClaim(db, job, lost, log);
  let failure: unknown;
  const handler = async (_: ClaimedJob, aborted: AbortSignal) => {
    try {
      if (job.kind === "document") {
        const attempt = openAttempt(db, "document", job, aborted, () => {}, callPolicy);
        await ingestDocument(job.asset_id, deps, attempt);
        return undefined;
      }
      const attempt = openAttempt(db, "lecture", job, aborted, () => {}, callPolicy);
      return await ingestLecture(job.asset_id, deps, attempt);
    } catch (error) {
      failure = error;
      throw error;
    }
  };
  const outcome = await runAttempt(db, job, handler, { stop: signal, lost, log });
  stopKeeping();
  signal.throwIfAborted();
  return outcome === "done" ? null : (failure ?? new Error(`the job ended: ${outcome}`));
}

const messageOf = (failure: unknown) => (failure instanceof Error ? failure.message : `${failure}`);

function invalidFile(path: string, failure: unknown): AppError {
  const problem = messageOf(failure);
  return new AppError("evaluation_set_invalid", { path, problem }, { cause: failure });
}
