import { threadId } from "node:worker_threads";
import { alignNextLecture } from "./alignment/align-lecture";
import { inheritedEnvironment, loadConfig, loadWorkerConfig } from "./config";
import { WORKER_CONNECTIONS } from "./db/connections";
import type { JobKind } from "./db/jobs/jobs";
import { AppError } from "./errors";
import { ingestDocument } from "./pipelines/document/ingest";
import { ingestLecture } from "./pipelines/lecture/ingest";
import { removeUnneededAudio } from "./pipelines/lecture/remove-audio";
import { openAttempt } from "./pipelines/step";
import { type AttemptOutcome, type JobHandler, runAttempt } from "./queue/attempt";
import { type Consumer, startConsumer } from "./queue/consumer";
import { runInJob } from "./queue/job-context";
import { startPollLoop } from "./queue/poll-loop";
import { readClaim, runInQuarantine } from "./queue/quarantine";
import type { ClaimedJob } from "./queue/queue";
import { GRACE_MS } from "./queue/supervisor";
import type { FromWorker, ToWorker } from "./queue/worker-handle";
import { openServices } from "./services";

/**
 * One worker, as a thread or as a separate process. It opens its own services, runs one job after another,
 * and stops on a message of its supervisor. Its settings are its environment.
 */
const asThread = !Bun.isMainThread;
const post = (message: FromWorker) => (asThread ? postMessage(message) : process.send?.(message));

const config = loadConfig();
const { DATABASE_URL, LOCAL_EMBEDDER_URL, WORKER_NUMBER, WORKER_PROCESS_ID, WORKER_CLAIM } =
  loadWorkerConfig();
const services = await openServices(
  { ...config, DATABASE_URL },
  {
    connections: WORKER_CONNECTIONS,
    localEmbedderUrl: LOCAL_EMBEDDER_URL,
    name: `worker-${WORKER_NUMBER}`,
    onSpawn,
    onCall: (call) => post({ type: "provider_call", call }),
  },
);

const { callPolicy } = services;

/** The pipeline of each kind of job. The type makes sure that none is missing. */
const pipelines: Record<JobKind, JobHandler> = {
  document: async (job, signal) => {
    const attempt = openAttempt(
      services.db,
      "document",
      job,
      signal,
      reportStep("document"),
      callPolicy,
    );
    await ingestDocument(job.asset_id, { ...services, maxPages: config.MAX_PAGES }, attempt);
    return undefined;
  },
  lecture: (job, signal) => {
    const attempt = openAttempt(
      services.db,
      "lecture",
      job,
      signal,
      reportStep("lecture"),
      callPolicy,
    );
    return ingestLecture(
      job.asset_id,
      {
        ...services,
        captions: config.CAPTIONS,
        sendsTerms: config.TRANSCRIPTION_TERMS,
        onSpawn,
      },
      attempt,
    );
  },
};

const handler: JobHandler = (job, signal) => pipelines[job.kind](job, signal);
/** Runs the jobs of the queues; a job in quarantine runs in a process of its own. */
function runJobs(): Consumer {
  return startConsumer(services.db, {
    log: services.log,
    process_id: WORKER_PROCESS_ID,
    handler,
    runQuarantined: (job, stop, lost) =>
      runInQuarantine(job, {
        sql: services.db,
        log: services.log,
        entry: import.meta.path,
        env: inheritedEnvironment(),
        stop,
        lost,
        onMessage: post,
        onSpawn,
      }),
    onClaim: (job) => post({ type: "claimed", job }),
    onRelease: () => post({ type: "released" }),
    onOutcome: ({ kind }, outcome, seconds) => {
      post({ type: "outcome", kind, outcome, seconds });
      if (kind === "lecture" && outcome === "done") void removeAudioNow();
    },
  });
}

/** Finds lectures whose last attempt failed; changes send a NOTIFY. */
const ALIGNMENT_POLL_MS = 15_000;

/** Aligns lectures that are due, beside the jobs: these wait for providers most of the time. */
function runAlignments() {
  const stop = new AbortController();
  const alignNext = () => alignNextLecture(services, stop.signal);
  const loop = startPollLoop(alignNext, services.log, ALIGNMENT_POLL_MS);
  return {
    wake: loop.wake,
    drain: async () => {
      stop.abort(new AppError("cancelled"));
      await loop.drain();
    },
  };
}

/** Maintenance would remove the audio of a completed lecture within a minute; it tries again after a failure. */
async function removeAudioNow(): Promise<void> {
  await removeUnneededAudio(services).catch((err) =>
    services.log.warn({ err }, "uploaded audio was not removed"),
  );
}

/** Runs one claimed job in this process, reports its outcome to the worker that keeps the claim, and exits. */
function runOneJob(job: ClaimedJob): Consumer {
  const stop = new AbortController();
  const lost = new AbortController();
  const run = async () => {
    const { db, log } = services;
    const started = performance.now();
    const attempt = () => runAttempt(db, job, handler, { stop: stop.signal, lost, log });
    const outcome = await runInJob(job, attempt).catch((err): AttemptOutcome => {
      log.warn({ err, job_id: job.job_id }, "the result of a job was not stored");
      return "lost"; // the claim expires
    });
    const seconds = (performance.now() - started) / 1_000;
    post({ type: "outcome", kind: job.kind, outcome, seconds });
    await services.close();
    process.exit(0);
  };
  const ended = run();
  return {
    wake: () => {},
    loseClaim: () => lost.abort(new AppError("claim_lost")),
    drain: async () => {
      stop.abort();
      await ended;
    },
  };
}

function toPong(): FromWorker {
  const { heapUsed, rss } = process.memoryUsage();
  return { type: "pong", worker: WORKER_NUMBER, memory_bytes: asThread ? heapUsed : rss };
}

const receive = (message: ToWorker) => {
  if (message.type === "wake" && message.work === "jobs") consumer.wake();
  if (message.type === "wake" && message.work === "alignments") alignments?.wake();
  if (message.type === "ping") post(toPong());
  if (message.type === "claim_lost") consumer.loseClaim(message.job_id);
  if (message.type === "drain") void stop(message.graceMs);
};
if (asThread) self.onmessage = (event: MessageEvent<ToWorker>) => receive(event.data);
else listenAsProcess();
post({ type: "ready", thread: threadId });
const alignments = WORKER_CLAIM ? null : runAlignments();
const consumer = WORKER_CLAIM ? runOneJob(readClaim(WORKER_CLAIM)) : runJobs();

async function stop(graceMs: number): Promise<void> {
  await Promise.all([alignments?.drain(), consumer.drain(graceMs)]);
  await services.close();
  post({ type: "drained" });
  if (!asThread) process.exit(0);
}

/** Signals can be sent to the whole process group, and the parent process can die. */
function listenAsProcess(): void {
  process.on("message", receive);
  process.on("SIGTERM", () => void stop(GRACE_MS));
  process.on("SIGINT", () => void stop(GRACE_MS));
  process.on("disconnect", () => process.exit(1));
}

/** Reports child processes, so that the supervisor can kill those of a dead worker. */
function onSpawn(pid: number, exited: Promise<unknown>): void {
  post({ type: "spawned", pid });
  void exited.finally(() => post({ type: "exited", pid }));
}

function reportStep(kind: JobKind) {
  return (step: string, seconds: number) => post({ type: "step", kind, step, seconds });
}
