/**
 * One hour of lecture, from its Panopto address to searchable chunks: `bun bench/lecture.ts`; 20 minutes with --quick,
 * or any length with `--minutes N`
 *
 * First the part that is ours alone, fetching the stream and taking its sound out, beside plain ffmpeg
 * with the same encoder on the same address. Then the whole way through a server of its own, whose peak
 * memory is what the kernel recorded; children (ffmpeg) are not in it.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { $ } from "bun";
import { panoptoSite, type SiteSession } from "../examples/panopto-site";
import { extractAudio, SPEECH_MP3 } from "../src/media/extract-audio";
import { openPanopto } from "../src/providers/panopto";
import { startOpenAI } from "../tests/support/openai";
import { startSpeechServer } from "../tests/support/speech-server";
import { spokenEvenly } from "../tests/support/speech-upload";
import { type Figure, inTurn, isQuick, publish } from "./figures";
import { createNativeDatabase, PROJECT, residentBytes, round } from "./lib";

const { values: options } = parseArgs({
  options: { minutes: { type: "string", default: isQuick ? "20" : "60" } },
  allowPositionals: true,
  strict: false,
});
const MINUTES = Number(options.minutes);
const ROUNDS = isQuick ? 2 : 3;
const GIVE_UP_MS = 300_000;

const folder = await mkdtemp(join(tmpdir(), "bench-lecture-"));
try {
  const duration_seconds = await makeRecording();
  const session: SiteSession = {
    session_id: crypto.randomUUID(),
    folder,
    title: "An hour of entropy",
    duration_seconds,
    streams: [{ tag: "DV", file: "media.m3u8" }],
    captions: {},
    slides: [],
    live: false,
  };
  using site = serve(panoptoSite([session]));
  const viewer = `${site.url}Panopto/Pages/Viewer.aspx?id=${session.session_id}`;
  const stream = `${site.url}sessions/${session.session_id}/media.m3u8`;

  await publish([await compareExtraction(viewer, stream), ...(await measureServers(viewer))]);
} finally {
  await rm(folder, { recursive: true });
}

function serve(fetch: (request: Request) => Promise<Response>) {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 60, fetch });
  return { url: server.url, [Symbol.dispose]: () => void server.stop(true) };
}

/** A minute is encoded, an hour is copied from it: HLS with a picture, about 150 MB. Answers its seconds. */
async function makeRecording(): Promise<number> {
  const picture = ["-f", "lavfi", "-i", "testsrc=size=640x360:rate=10,noise=alls=20:allf=t"];
  const sound = ["-f", "lavfi", "-i", "anoisesrc=color=pink:amplitude=0.3"];
  const codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "300k", "-maxrate", "300k"];
  const rest = [
    "-bufsize",
    "600k",
    "-g",
    "50",
    "-pix_fmt",
    "yuv420p",
    "-c:a",
    "aac",
    "-b:a",
    "64k",
  ];
  const minute = join(folder, "minute.ts");
  await $`ffmpeg -v error ${picture} ${sound} ${codecs} ${rest} -t 60 ${minute}`;
  const hls = ["-f", "hls", "-hls_time", "10", "-hls_playlist_type", "vod"];
  const playlist = join(folder, "media.m3u8");
  await $`ffmpeg -v error -stream_loop ${MINUTES - 1} -i ${minute} -c copy ${hls} ${playlist}`;
  const lengths = (await Bun.file(playlist).text()).matchAll(/^#EXTINF:([\d.]+)/gm);
  return [...lengths].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
}

async function compareExtraction(viewer: string, stream: string): Promise<Figure> {
  const times = await inTurn(
    ROUNDS,
    () => fetchAndExtract(viewer),
    () => plainFfmpeg(stream),
  );
  return {
    id: "lecture.sound",
    what: `${MINUTES} minutes of HLS to MP3, fetch guarded`,
    unit: "s",
    samples: times.ours.map((ms) => ms / 1_000),
    peer: { what: "`ffmpeg -i URL -vn`", samples: times.peer.map((ms) => ms / 1_000) },
    limit: { at_most: 1.3 },
  };
}

async function plainFfmpeg(stream: string): Promise<void> {
  await $`ffmpeg -nostdin -v error -y -i ${stream} -vn ${SPEECH_MP3} ${join(folder, "plain.mp3")}`;
}

async function fetchAndExtract(viewer: string): Promise<void> {
  const { signal } = new AbortController();
  const panopto = openPanopto({ allowedHosts: [new URL(viewer).host] });
  const work = join(folder, "work");
  await mkdir(work, { recursive: true });
  const { path } = await panopto.download(panopto.identify(viewer), work, () => {}, signal);
  await extractAudio(path, work, { signal });
  await rm(work, { recursive: true });
}

/** Without any settings, and as an installation for many: there the embedder's memory is in another process. */
async function measureServers(viewer: string): Promise<Figure[]> {
  const figures = await measureServer("embedded", viewer, {});
  const native = await createNativeDatabase();
  if (!native) return figures;
  await using openai = startOpenAI();
  try {
    const env = { DATABASE_URL: native.url, OPENAI_BASE_URL: openai.url };
    return [...figures, ...(await measureServer("PostgreSQL 17", viewer, env))];
  } finally {
    await native.close();
  }
}

async function measureServer(
  database: "embedded" | "PostgreSQL 17",
  viewer: string,
  env: Record<string, string>,
): Promise<Figure[]> {
  await using speech = startSpeechServer({ listen: spokenEvenly(anHourOfWords()) });
  const dataRoot = await mkdtemp(join(tmpdir(), "bench-lecture-server-"));
  const server = Bun.spawn([process.execPath, "--no-orphans", "src/main.ts"], {
    cwd: PROJECT,
    env: {
      HOME: process.env.HOME,
      PATH: process.env.PATH,
      DATA_ROOT: dataRoot,
      ...env,
      PORT: "0",
      TRANSCRIPTION_BASE_URL: speech.url,
      PANOPTO_ALLOWED_HOSTS: new URL(viewer).host,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const url = await listeningAt(server.stdout);
    const started = performance.now();
    await ingest(url, viewer);
    const minutes = (performance.now() - started) / 60_000;
    const id = database === "embedded" ? "embedded" : "native";
    const embedder = database === "embedded" ? "local embedder" : "embedder over HTTP";
    return [
      {
        id: `lecture.memory.${id}`,
        what: `most memory while ${MINUTES} minutes of lecture become chunks, ${database}, ${embedder}`,
        unit: "MB",
        samples: [round((await residentBytes(server.pid, "VmHWM")) / 1e6, 0)],
        limit: { at_most: 350 },
      },
      {
        id: `lecture.chunks.${id}`,
        what: `address to searchable chunks, ${MINUTES} minutes of lecture, ${database}`,
        unit: "min",
        samples: [minutes],
        limit: { at_most: MINUTES / 10 },
      },
    ];
  } finally {
    server.kill("SIGTERM");
    await server.exited;
    await rm(dataRoot, { recursive: true });
  }
}

/** Reads on to the end: a server whose log is not read stops. */
async function listeningAt(stdout: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const listening = Promise.withResolvers<string>();
  let written = "";
  const read = async () => {
    for await (const text of stdout.pipeThrough(new TextDecoderStream())) {
      written += text;
      const url = /"url":"(http[^"]+)\/","ag_ui"/.exec(written)?.[1];
      if (url && written.includes('"msg":"ready"')) listening.resolve(url);
    }
    listening.reject(new Error(`The server ended at its start:\n${written}`));
  };
  void read();
  return listening.promise;
}

async function ingest(url: string, panopto_url: string): Promise<number> {
  const course = await post(`${url}/api/courses`, { name: "Bench" });
  const body = { course_id: course.id, panopto_url };
  const { lecture_id } = await post(`${url}/api/lectures/download`, body);
  const end = performance.now() + GIVE_UP_MS;
  while (performance.now() < end) {
    const lecture = await (await fetch(`${url}/api/lectures/${lecture_id}`)).json();
    if (lecture.status === "completed") return lecture.chunk_count;
    if (lecture.status === "failed") throw new Error(lecture.status_reason);
    await Bun.sleep(200);
  }
  throw new Error(`Not done after ${GIVE_UP_MS / 1_000} s`);
}

// biome-ignore lint/suspicious/noExplicitAny: an answer of our own API
async function post(url: string, body: object): Promise<any> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

/** 150 words a minute. */
function anHourOfWords(): string {
  const sentence = "The entropy of a source bounds every code that we can find for it."; // 14 words
  return Array.from({ length: (150 * MINUTES) / 14 }, () => sentence).join(" ");
}
