import { chown, cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createLecternClient,
  dataOf,
  type LecternClient,
  waitForDocument,
} from "../../clients/ts/src";
import { type BuiltImage, imageMegabytes } from "./build";
import { type RunningImage, startImage } from "./run";

/** Issue and docs/deploy.md: the largest size of the image, in MB. */
const MAX_MEGABYTES = 600;
/** docs/deploy.md: the least memory with the embedded database, in MB. */
const MEMORY_MEGABYTES = 768;
const READY_MS = 120_000;
const QUESTION = "What is entropy, and how is it measured?";
const KEY = "a-key-of-the-image-check-0123456789";

/**
 * Tries everything that the image promises. Prints a line for each step.
 *
 * @throws Error that names the first promise that does not hold
 */
export async function checkImage(image: BuiltImage, print: (line: string) => void): Promise<void> {
  const size = await imageMegabytes(image);
  if (size >= MAX_MEGABYTES) throw new Error(`${size} MB: ${MAX_MEGABYTES} MB are the limit`);
  await using folders = await openFolders();
  const container = await start(image, folders.data);
  print(`ready on a read-only root with ${MEMORY_MEGABYTES} MB`);
  const made = await withOutput(container, () => checkRunning(container, print));
  const code = await container.stop();
  if (code !== 0) throw new Error(`exit code ${code} after SIGTERM, not 0`);
  print("stopped with exit code 0 after SIGTERM");
  await checkRestored(image, join(folders.data, "backups", made.archive), folders.restored, made);
  print("restored the backup into an empty folder, with the same answer, page and held queue");
}

/** Stops the container of a failed check, and adds its output to the error. */
async function withOutput<T>(container: RunningImage, check: () => Promise<T>): Promise<T> {
  return check().catch(async (error) => {
    await container.stop();
    throw new Error(`${error.message}\n${container.output()}`, { cause: error });
  });
}

/** A backup, and what the installation answered when it was made. */
type CheckedBackup = {
  archive: string;
  course_id: string;
  document_id: string;
  answer: CheckedAnswer;
  page: string;
};

async function checkRunning(
  container: RunningImage,
  print: (line: string) => void,
): Promise<CheckedBackup> {
  await checkUser(container);
  print(
    "runs as its user, writes only to /data and /tmp, has no privileges and only its own files",
  );
  const lectern = createLecternClient({ baseUrl: container.url, apiKey: KEY });
  const { course_id, document_id, page } = await addSlides(lectern);
  print("read slides and drew their pages");
  const answer = await ask(container, lectern, course_id);
  print(`answered with ${answer.citations} citations`);
  await checkPages(container);
  print("serves its page, its documentation and its list of errors");
  const { archive, files } = JSON.parse(await container.exec("lectern", "backup", "--json"));
  if (files !== 1) throw new Error(`the backup has ${files} files, not 1`);
  print("made a backup while it ran");
  const peak = await container.peakMegabytes();
  if (peak !== null) print(`used at most ${peak} MB of memory`);
  return { archive, course_id, document_id, answer, page };
}

/** Restores the archive with the image into an empty folder, and starts a server there. */
async function checkRestored(
  image: BuiltImage,
  archive: string,
  data: string,
  made: CheckedBackup,
): Promise<void> {
  const copy = join(data, made.archive);
  await cp(archive, copy);
  const [uid, gid] = image.user.split(":").map(Number);
  await chown(copy, uid!, gid!);
  const restore = { ...image, command: ["lectern", "restore", `/data/${made.archive}`] };
  const restoring = await startImage(restore, {
    data,
    env: {},
    memoryMegabytes: MEMORY_MEGABYTES,
  });
  const code = await restoring.wait();
  if (code !== 0) throw new Error(`exit code ${code} of the restore:\n${restoring.output()}`);
  const container = await start(image, data);
  await withOutput(container, () => compareRestored(container, made));
  await container.stop();
}

async function compareRestored(
  container: RunningImage,
  { course_id, document_id, answer, page }: CheckedBackup,
): Promise<void> {
  const lectern = createLecternClient({ baseUrl: container.url, apiKey: KEY });
  const { json } = await ask(container, lectern, course_id);
  if (json !== answer.json) throw new Error(`another answer: ${json}, not ${answer.json}`);
  if ((await readPage(lectern, document_id)) !== page) throw new Error("another page image");
  const { queue } = await dataOf(lectern.GET("/api/health"));
  if (!queue?.held_since) throw new Error("the restored queue does not wait for an operator");
  await container.exec("lectern", "jobs", "resume");
  const { queue: resumed } = await dataOf(lectern.GET("/api/health"));
  if (resumed?.held_since) throw new Error("the queue still waits after lectern jobs resume");
}

async function openFolders() {
  const data = await mkdtemp(join(tmpdir(), "lectern-image-data-"));
  const restored = await mkdtemp(join(tmpdir(), "lectern-image-restored-"));
  return {
    data,
    restored,
    [Symbol.asyncDispose]: async () => {
      for (const folder of [data, restored]) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A free port of this machine: the container shares its network. */
async function freePort(): Promise<string> {
  const probe = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const { port } = probe;
  await probe.stop(true);
  return String(port);
}

async function start(image: BuiltImage, data: string): Promise<RunningImage> {
  const env = { HOST: "127.0.0.1", PORT: await freePort(), BOOTSTRAP_API_KEY: KEY };
  const container = await startImage(image, { data, env, memoryMegabytes: MEMORY_MEGABYTES });
  const end = performance.now() + READY_MS;
  while (!(await container.health())) {
    if (performance.now() < end && (await container.isRunning())) {
      await Bun.sleep(250);
      continue;
    }
    await container.stop();
    throw new Error(`HEALTHCHECK never passed:\n${container.output()}`);
  }
  return container;
}

async function checkUser(container: RunningImage): Promise<void> {
  const user = await container.exec("id", "-u");
  if (user.trim() !== "1000") throw new Error(`runs as the user ${user}`);
  for (const folder of ["/app", "/app/src", "/usr", "/etc", "/var/lib", "/home/bun"]) {
    const isWritable = await succeeds(container.exec("touch", `${folder}/probe`));
    if (isWritable) throw new Error(`${folder} is writable`);
  }
  for (const folder of ["/data", "/tmp"]) {
    await container.exec("sh", "-c", `touch ${folder}/probe && rm ${folder}/probe`);
  }
  const status = await container.exec("cat", "/proc/1/status");
  for (const line of ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"]) {
    if (!status.includes(line)) throw new Error(`/proc/1/status does not have ${line}`);
  }
  for (const path of [".env", "tests", "bench", ".git", "web", "node_modules/typescript"]) {
    if (await succeeds(container.exec("ls", `/app/${path}`))) throw new Error(`contains ${path}`);
  }
  await container.exec("lectern", "doctor");
}

const succeeds = (work: Promise<unknown>) =>
  work.then(
    () => true,
    () => false,
  );

async function addSlides(lectern: LecternClient) {
  const { id } = await dataOf(lectern.POST("/api/courses", { body: { name: "Image" } }));
  const bytes = await Bun.file(join(import.meta.dir, "../../examples/course/slides.pdf")).bytes();
  const file = new File([bytes], "slides.pdf", { type: "application/pdf" });
  const body = { course_id: id, file };
  const accepted = await dataOf(lectern.POST("/api/documents/upload", { body }));
  if (!("document_id" in accepted)) throw new Error("the upload was only tried");
  const { document_id } = accepted;
  const { status, status_reason } = await waitForDocument(lectern, document_id);
  if (status !== "completed") throw new Error(`slides are ${status}: ${status_reason}`);
  return { course_id: id, document_id, page: await readPage(lectern, document_id) };
}

/** Draws the first page, and returns the SHA-256 of its image. */
async function readPage(lectern: LecternClient, document_id: string): Promise<string> {
  const params = { path: { id: document_id, page_number: 1 } };
  const { data, response } = await lectern.GET("/api/documents/{id}/pages/{page_number}/image", {
    params,
    parseAs: "arrayBuffer",
  });
  const type = response.headers.get("content-type");
  if (type !== "image/jpeg") throw new Error(`a page image is ${response.status} ${type}`);
  return new Bun.CryptoHasher("sha256").update(data as ArrayBuffer).digest("hex");
}

type CheckedAnswer = {
  citations: number;
  /** The text and the citations as JSON, without the address of the server. */
  json: string;
};

async function ask(
  { url }: RunningImage,
  lectern: LecternClient,
  course_id: string,
): Promise<CheckedAnswer> {
  const body = { course_id, message: QUESTION };
  const { content, citations } = await dataOf(lectern.POST("/api/chat", { body }));
  if (citations.length === 0) throw new Error(`no citation: ${content}`);
  const json = JSON.stringify({ content, citations }).replaceAll(url, "");
  return { citations: citations.length, json };
}

async function checkPages({ url }: RunningImage): Promise<void> {
  for (const path of [
    "/ag-ui/",
    "/swagger",
    "/swagger/assets/swagger-ui-bundle.js",
    "/docs/errors",
  ]) {
    const { status } = await fetch(url + path);
    if (status !== 200) throw new Error(`${path} is ${status}`);
  }
}
