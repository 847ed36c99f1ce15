import { mkdtemp, rm } from "node:fs/promises";
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
  await checkRunning(container, print).catch(async (error) => {
    await container.stop();
    throw new Error(`${error.message}\n${container.output()}`, { cause: error });
  });
  const code = await container.stop();
  if (code !== 0) throw new Error(`exit code ${code} after SIGTERM, not 0`);
  print("stopped with exit code 0 after SIGTERM");
}

async function checkRunning(container: RunningImage, print: (line: string) => void): Promise<void> {
  await checkUser(container);
  print(
    "runs as its user, writes only to /data and /tmp, has no privileges and only its own files",
  );
  const lectern = createLecternClient({ baseUrl: container.url, apiKey: KEY });
  const course_id = await addSlides(lectern);
  print("read slides and drew their pages");
  const { citations } = await ask(lectern, course_id);
  print(`answered with ${citations.length} citations`);
  await checkPages(container);
  print("serves its page, its documentation and its list of errors");
  const peak = await container.peakMegabytes();
  if (peak !== null) print(`used at most ${peak} MB of memory`);
}

async function openFolders() {
  const data = await mkdtemp(join(tmpdir(), "lectern-image-data-"));
  return {
    data,
    [Symbol.asyncDispose]: () => rm(data, { recursive: true, force: true }),
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

async function addSlides(lectern: LecternClient): Promise<string> {
  const { id } = await dataOf(lectern.POST("/api/courses", { body: { name: "Image" } }));
  const bytes = await Bun.file(join(import.meta.dir, "../../examples/course/slides.pdf")).bytes();
  const file = new File([bytes], "slides.pdf", { type: "application/pdf" });
  const body = { course_id: id, file };
  const accepted = await dataOf(lectern.POST("/api/documents/upload", { body }));
  if (!("document_id" in accepted)) throw new Error("the upload was only tried");
  const { document_id } = accepted;
  const { status, status_reason } = await waitForDocument(lectern, document_id);
  if (status !== "completed") throw new Error(`slides are ${status}: ${status_reason}`);
  const params = { path: { id: document_id, page_number: 1 } };
  const { response } = await lectern.GET("/api/documents/{id}/pages/{page_number}/image", {
    params,
    parseAs: "blob",
  });
  const type = response.headers.get("content-type");
  if (type !== "image/jpeg") throw new Error(`a page image is ${response.status} ${type}`);
  return id;
}

async function ask(lectern: LecternClient, course_id: string) {
  const body = { course_id, message: QUESTION };
  const answer = await dataOf(lectern.POST("/api/chat", { body }));
  if (answer.citations.length === 0) throw new Error(`no citation: ${answer.content}`);
  return answer;
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
