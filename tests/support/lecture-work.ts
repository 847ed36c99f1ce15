import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Elysia } from "elysia";
import { AuditWriter } from "../../src/db/access/audit-writer";
import type { Sql } from "../../src/db/client";
import { getLecture, getLectureDetails } from "../../src/db/lectures";
import { openForecaster } from "../../src/pipelines/forecast";
import type { LectureDeps } from "../../src/pipelines/lecture/ingest";
import { ingestLecture } from "../../src/pipelines/lecture/ingest";
import { receiveRecording } from "../../src/pipelines/lecture/request";
import { type CallPolicy, DEFAULT_POLICY } from "../../src/pipelines/paid-calls";
import { openAttempt } from "../../src/pipelines/step";
import { OpenAI } from "../../src/providers/openai";
import { openPanopto } from "../../src/providers/panopto";
import { openElevenLabs } from "../../src/providers/speech/elevenlabs";
import { type AttemptOutcome, runAttempt } from "../../src/queue/attempt";
import { type ClaimedJob, claimJob } from "../../src/queue/queue";
import { eventRoutes } from "../../src/routes/events";
import { problems } from "../../src/routes/http/problems";
import { lectureIntakeRoutes } from "../../src/routes/lectures/lecture-intake";
import { lectureTranscriptRoutes } from "../../src/routes/lectures/lecture-transcript";
import { lectureRoutes } from "../../src/routes/lectures/lectures";
import { retranscribeRoutes } from "../../src/routes/lectures/retranscribe";
import { transcriptCorrectionRoutes } from "../../src/routes/lectures/transcript-corrections";
import { AnswerSpool } from "../../src/storage/answer-spool";
import { openDiskStorage } from "../../src/storage/disk";
import { AUDIO_FILES } from "../../src/storage/files";
import { startElevenLabs } from "./elevenlabs";
import { createCourse, silentLog } from "./factories";
import { keylessGuard } from "./guard";
import { startOpenAI } from "./openai";
import { openTestSite } from "./panopto";
import { PATIENCE } from "./panopto/clients";
import { sampleMedia } from "./panopto/media";

export type LectureWork = Awaited<ReturnType<typeof openLectureWork>>;

/** Everything that lectures are worked on with, real but for Panopto and the models: servers of ours. */
export async function openLectureWork(db: Sql) {
  const dataRoot = await mkdtemp(join(tmpdir(), "lecture-work-"));
  const site = await openTestSite();
  const speech = startElevenLabs();
  const openai = startOpenAI();
  const uploadedAudio = await openDiskStorage(dataRoot, AUDIO_FILES);
  const course_id = await createCourse(db);
  const shutdown = new AbortController();
  const callPolicy = { ...DEFAULT_POLICY, answers: new AnswerSpool(dataRoot, silentLog) };
  const tools: LectureDeps = {
    db,
    dataRoot,
    uploadedAudio,
    captions: "fallback",
    sendsTerms: false,
    audioSource: openPanopto({ allowedHosts: [site.host], patience: PATIENCE }),
    transcriber: openElevenLabs({ apiKey: "test-key", baseUrl: speech.url }),
    embedder: new OpenAI({ baseUrl: openai.url }).embedder("text-embedding-3-small"),
  };
  const forecaster = openForecaster({
    db,
    slideDescriber: null,
    transcriber: tools.transcriber,
    sendsTerms: false,
    budgets: { asset: { audio_minutes: 0.1 } },
    maxPages: 100,
  });
  const app = new Elysia()
    .use(problems(silentLog, () => []))
    .use(keylessGuard(db))
    .use(lectureIntakeRoutes({ ...tools, maxUploadBytes: 5_000_000, forecaster }))
    .use(lectureRoutes({ db, audit: new AuditWriter(db, silentLog), audioRetentionDays: 7 }))
    .use(lectureTranscriptRoutes(tools))
    .use(retranscribeRoutes({ ...tools, maxUploadBytes: 5_000_000, forecaster }))
    .use(transcriptCorrectionRoutes({ db, audit: new AuditWriter(db, silentLog) }))
    .use(eventRoutes({ db, shutdown: shutdown.signal }));

  return {
    site,
    speech,
    openai,
    course_id,
    dataRoot,
    uploadedAudio,
    tools,
    callPolicy,
    app,
    shutdown,
    request: async (panopto_url: string, options: { transcription?: boolean } = {}) => {
      const request = { course_id, panopto_url, priority: "normal" as const, transcription: true };
      return (await receiveRecording(tools, { ...request, ...options })).lecture_id;
    },
    /** What a worker does with the next job of the queue; null when there is none. */
    workOnce: async (
      with_: Partial<LectureDeps> = {},
      {
        stop = new AbortController().signal,
        lost = new AbortController(),
        policy = callPolicy as CallPolicy,
      } = {},
    ): Promise<AttemptOutcome | null> => {
      const held = await claimJob(db, ["ingest_high", "ingest"], 45);
      if (!held) return null;
      const handler = (_: ClaimedJob, signal: AbortSignal) =>
        ingestLecture(
          held.asset_id,
          { ...tools, ...with_ },
          openAttempt(db, "lecture", held, signal, () => {}, policy),
        );
      const { probeSeconds } = policy;
      return runAttempt(db, held, handler, { stop, lost, log: silentLog, probeSeconds });
    },
    details: (id: string) => getLectureDetails(db, id),
    /** Ends what is unfinished, so that the next test finds an empty queue. */
    endJobs: () => db`
      select stop_job(id, 'cancelled', 'The test is over') from lectures
      where status not in ('completed', 'failed')`,
    /** The id of a lecture's uploaded audio; null once the lecture gave it up. */
    audioFileOf: async (id: string) => (await getLecture(db, id)).audio_file_id,
    /** What lies in scratch: empty whenever no job runs. */
    scratch: () => readdir(join(dataRoot, "scratch")).catch(() => []),
    close: async () => {
      site.close();
      await speech[Symbol.asyncDispose]();
      await openai.close();
      await rm(dataRoot, { recursive: true, force: true });
    },
  };
}

/** Puts captions beside the sample media, under a name of their own. */
export async function sampleCaptions(srt: string): Promise<string> {
  const name = `${crypto.randomUUID()}.srt`;
  await Bun.write(join(await sampleMedia(), name), srt);
  return name;
}
