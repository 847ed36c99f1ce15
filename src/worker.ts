import { threadId } from "node:worker_threads";
import { loadConfig, loadWorkerConfig } from "./config";
import type { JobKind } from "./db/jobs/jobs";
import { ingestDocument } from "./pipelines/document/ingest";
import { ingestLecture } from "./pipelines/lecture/ingest";
import { openAttempt } from "./pipelines/step";
import type { JobHandler } from "./queue/attempt";
import { type Consumer, startConsumer } from "./queue/consumer";
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
const { DATABASE_URL, LOCAL_EMBEDDER_URL, WORKER_NUMBER } = loadWorkerConfig();
const services = await openServices(
  { ...config, DATABASE_URL },
  {
    connections: 2,
    localEmbedderUrl: LOCAL_EMBEDDER_URL,
    name: `worker-${WORKER_NUMBER}`,
    onSpawn,
  },
);

/** The pipeline of each kind of job. The type makes sure that none is missing. */
const pipelines: Record<JobKind, JobHandler> = {
  document: async (job, signal) => {
    const attempt = openAttempt(services.db, "document", job, signal, reportStep("document"));
    await ingestDocument(job.asset_id, { ...services, maxPages: config.MAX_PAGES }, attempt);
    return undefined;
  },
  lecture: (job, signal) => {
    const attempt = openAttempt(services.db, "lecture", job, signal, reportStep("lecture"));
    return ingestLecture(
      job.asset_id,
      { ...services, captions: config.CAPTIONS, onSpawn },
      attempt,
    );
  },
};

const consumer: Consumer = startConsumer(
  services.db,
  (job, signal) => pipelines[job.kind](job, signal),
  services.log,
  ({ kind }, outcome, seconds) => post({ type: "outcome", kind, outcome, seconds }),
);

const receive = (message: ToWorker) => {
  if (message.type === "wake") consumer.wake();
  if (message.type === "stopped") consumer.stopAsset(message.asset_id);
  if (message.type === "drain") void stop(message.graceMs);
};
if (asThread) self.onmessage = (event: MessageEvent<ToWorker>) => receive(event.data);
else listenAsProcess();
post({ type: "ready", thread: threadId });

async function stop(graceMs: number): Promise<void> {
  await consumer.drain(graceMs);
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
