import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "../../src/db/client";
import { openPageRenderer } from "../../src/media/pdf/page-images";
import { type DocumentTools, ingestDocument } from "../../src/pipelines/document/ingest";
import { receiveDocument } from "../../src/pipelines/document/request";
import { type CallPolicy, DEFAULT_POLICY } from "../../src/pipelines/paid-calls";
import { openAttempt } from "../../src/pipelines/step";
import { Google } from "../../src/providers/google";
import { OpenAI } from "../../src/providers/openai";
import { type AttemptOutcome, runAttempt } from "../../src/queue/attempt";
import { claimJob } from "../../src/queue/queue";
import { AnswerSpool } from "../../src/storage/answer-spool";
import { openDiskStorage } from "../../src/storage/disk";
import { DOCUMENT_FILES, type FileStorage } from "../../src/storage/files";
import { createCourse, silentLog } from "./factories";
import { type Gemini, startGemini } from "./gemini";
import { type OpenAIServer, startOpenAI } from "./openai";

/** Everything that documents are worked on with, real but for the models, which are servers of ours. */
export type DocumentWork = AsyncDisposable & {
  gemini: Gemini;
  openai: OpenAIServer;
  course_id: string;
  /** With the model on `gemini` and without OCR; spread it to have it otherwise. */
  tools: DocumentTools & { callPolicy: CallPolicy };
  /** Stores a PDF as its upload does, and answers its id. */
  upload(bytes: Uint8Array | Promise<Uint8Array>, filename?: string): Promise<string>;
  /** What a worker does with the next job of the queue; null when there is none. */
  workOnce(
    tools?: DocumentTools,
    stop?: AbortSignal,
    policy?: CallPolicy,
  ): Promise<AttemptOutcome | null>;
};

export async function openDocumentWork(
  db: Sql,
  openStorage: (root: string) => Promise<FileStorage> = (root) =>
    openDiskStorage(root, DOCUMENT_FILES),
): Promise<DocumentWork> {
  const dataRoot = await mkdtemp(join(tmpdir(), "document-work-"));
  const storage = await openStorage(dataRoot);
  const gemini = startGemini();
  const openai = startOpenAI();
  const course_id = await createCourse(db);
  const callPolicy = { ...DEFAULT_POLICY, answers: new AnswerSpool(dataRoot, silentLog) };
  const tools = {
    db,
    callPolicy,
    storage,
    dataRoot,
    maxPages: 1_000,
    openOcr: null,
    pageRenderer: openPageRenderer(),
    slideDescriber: new Google({ baseUrl: gemini.url, apiKey: "g" }).slideDescriber("gemini-test"),
    embedder: new OpenAI({ baseUrl: openai.url }).embedder("text-embedding-3-small"),
  };

  return {
    gemini,
    openai,
    course_id,
    tools,
    upload: async (bytes, filename = "deck.pdf") => {
      const path = join(storage.stagingDir, crypto.randomUUID());
      const content = await bytes;
      await Bun.write(path, content);
      const sha256 = new Bun.CryptoHasher("sha256").update(content).digest("hex");
      const file = { path, filename, size_bytes: content.length, sha256 };
      const request = { course_id, priority: "normal" as const };
      return (await receiveDocument({ db, storage }, request, file)).document_id;
    },
    workOnce: async (with_ = tools, stop = new AbortController().signal, policy = callPolicy) => {
      const held = await claimJob(db, ["ingest_high", "ingest"], 45);
      if (!held) return null;
      const handler = async (_: unknown, signal: AbortSignal) => {
        const attempt = openAttempt(db, "document", held, signal, () => {}, policy);
        await ingestDocument(held.asset_id, with_, attempt);
        return undefined;
      };
      const { probeSeconds } = policy;
      const lost = new AbortController();
      return runAttempt(db, held, handler, { stop, lost, log: silentLog, probeSeconds });
    },
    async [Symbol.asyncDispose]() {
      await gemini[Symbol.asyncDispose]();
      await openai.close();
      await rm(dataRoot, { recursive: true, force: true });
    },
  };
}

/** Makes every postponed job due, as if its time had come. */
export const hurry = (db: Sql) => db`update pgmq.q_ingest set vt = clock_timestamp()`;
