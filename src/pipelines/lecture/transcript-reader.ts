import { AppError } from "../../errors";
import type { TranscriptFile } from "../../text/transcript/transcript-file";
import { type ReadTranscript, readTranscript } from "./read-transcript";
import type { TranscriptReport, TranscriptTask } from "./transcript-thread";

/** A smaller file is read in less time than a thread needs to start. */
const SMALL_BYTES = 128 * 1024;
/** The largest files take 5 s. */
const LIMIT_MS = 60_000;

/** One large file at a time, because each takes ten times its size in memory. */
let lastRead: Promise<unknown> = Promise.resolve();

/**
 * Reads a transcript file as `readTranscript` does. A large file is read in a thread, because the process
 * would answer no other request for seconds.
 *
 * @param file the bytes of a large file are moved to the thread: the caller cannot use them afterwards
 * @throws AppError as `readTranscript`, `transcript_invalid` for a file that takes more than a minute; the
 *   signal's reason when it aborts
 */
export async function openTranscript(
  file: TranscriptFile,
  language: string | undefined,
  signal: AbortSignal,
): Promise<ReadTranscript> {
  if (file.bytes.length <= SMALL_BYTES) return readTranscript(file, language);
  const turn = lastRead.then(() => readInThread({ file, language }, signal));
  lastRead = turn.catch(() => {});
  return await turn;
}

async function readInThread(task: TranscriptTask, signal: AbortSignal): Promise<ReadTranscript> {
  signal.throwIfAborted();
  const thread = new Worker(new URL("./transcript-thread.ts", import.meta.url));
  const { promise, resolve, reject } = Promise.withResolvers<TranscriptReport>();
  const limit = setTimeout(() => reject(tooSlow()), LIMIT_MS);
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  thread.onmessage = ({ data }: MessageEvent<TranscriptReport>) => resolve(data);
  thread.onerror = (event) => {
    event.preventDefault();
    reject(new Error(`The thread that reads transcripts failed: ${event.message}`));
  };
  thread.addEventListener("close", () =>
    reject(new Error("The thread that reads transcripts ended")),
  );
  try {
    // Moved, not copied: the file is in memory once.
    thread.postMessage(task, [task.file.bytes.buffer as ArrayBuffer]);
    const report = await promise;
    if ("read" in report) return report.read;
    if ("failed" in report) throw new Error(report.failed);
    throw new AppError(report.refused.code, report.refused.details);
  } finally {
    clearTimeout(limit);
    signal.removeEventListener("abort", stop);
    thread.terminate();
  }
}

const tooSlow = () =>
  new AppError("transcript_invalid", { message: "Reading it takes too long: split the file" });
