import { expect } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { makeCourse } from "../../bench/course/make-course";
import { lectureDeck } from "../../bench/course/write-course";
import { connect, type Sql } from "../../src/db/client";
import { engine } from "./database";
import { startElevenLabs } from "./elevenlabs";
import { startGemini } from "./gemini";
import { postFile, postJson } from "./http";
import { startOpenAI } from "./openai";
import { openTestSite } from "./panopto";
import { sampleMedia } from "./panopto/media";
import { ProviderMeter } from "./provider-meter";
import { openServerHost, type Server, type ServerHost } from "./server";
import { eventually } from "./waiting";

/** `DRILLS=long` disturbs for minutes instead of seconds. */
export const isLong = process.env.DRILLS === "long";

/** Without an answer for so long, a client of a drill stops repeating its request. */
const CLIENT_PATIENCE_MS = isLong ? 900_000 : 120_000;
/** The longest that accepted work can take after the last disturbance: two claims of dead workers, and the work. */
const SETTLE_MS = 240_000;
/** Work that is complete or waits gives no answer. */
const NO_ANSWER_MS = 10_000;
const WORKERS = 2;
/** The product describes 4 pages and embeds 32 texts at the same time in each job. */
const MOST_AT_ONCE = { pages: 4 * WORKERS, lectures: WORKERS, texts: 32 * WORKERS };

export type Asset = { kind: "documents" | "lectures"; id: string; pages: number };
const UNITS = ["pages", "lectures", "texts"] as const;
type Unit = (typeof UNITS)[number];
type Counts = Record<Unit, number>;

export type DrillReport = {
  disturbances: number;
  assets: number;
  /** Assets that were accepted and are gone or without an end. */
  lost: string[];
  /** Assets that failed, with the reason. */
  failed: string[];
  /** Rows that are there twice or too often. */
  duplicated: string[];
  bought: Counts;
  needed: Counts;
  in_flight: Counts;
  /** The product's own records of pages and lectures, and of those the calls that are closed as paid. */
  receipts: { pages: Receipts; lectures: Receipts };
  recovery_seconds: number;
};
/** `unanswered`: calls that ended with their process before the provider's id or answer was stored. */
type Receipts = { billed: number; all: number; ok: number; unanswered: number };

/**
 * The whole product with metered providers, put under load and disturbed. `report` waits until all
 * accepted work ended and counts what was lost, duplicated and bought.
 */
export async function openDrill(name: string, env: Record<string, string> = {}): Promise<Drill> {
  const drill = new Drill(name, await openServerHost(), await openTestSite(), env);
  await drill.start();
  const { id } = await drill.server.json(postJson("/api/courses", { name }));
  drill.course_id = id;
  return drill;
}

export class Drill {
  course_id = "";
  /** Work that the server accepted. */
  accepted: Asset[] = [];
  readonly speech = startElevenLabs();
  readonly pages: ProviderMeter;
  readonly lectures: ProviderMeter;
  readonly texts: ProviderMeter;
  #server: Server | null = null;
  #disturbances = 0;
  #disturbedAt = performance.now();
  readonly #inFlight: Counts = { pages: 0, lectures: 0, texts: 0 };
  readonly #gemini = startGemini();
  readonly #openai = startOpenAI();

  constructor(
    readonly name: string,
    readonly host: ServerHost,
    readonly site: Awaited<ReturnType<typeof openTestSite>>,
    readonly env: Record<string, string>,
  ) {
    this.pages = new ProviderMeter(new URL(this.#gemini.url).origin, {
      unitsOf: (path) => (path.endsWith(":generateContent") ? 1 : 0),
      mostAtOnce: MOST_AT_ONCE.pages,
    });
    this.lectures = new ProviderMeter(this.speech.origin, {
      unitsOf: (path) => (path === "/v1/speech-to-text" ? 1 : 0),
      mostAtOnce: MOST_AT_ONCE.lectures,
    });
    this.texts = new ProviderMeter(new URL(this.#openai.url).origin, {
      unitsOf: (_, body) => [JSON.parse(Buffer.from(body).toString()).input].flat().length,
      mostAtOnce: MOST_AT_ONCE.texts,
    });
  }

  /** The server that runs now. */
  get server(): Server {
    if (!this.#server) throw new Error("No server runs");
    return this.#server;
  }

  get settings(): Record<string, string> {
    return {
      WORKERS: String(WORKERS),
      GOOGLE_BASE_URL: `${this.pages.origin}/v1beta`,
      SLIDE_MODEL: "google:gemini-test",
      ELEVENLABS_BASE_URL: this.lectures.origin,
      ELEVENLABS_API_KEY: "test-key",
      OPENAI_BASE_URL: `${this.texts.origin}/v1`,
      EMBEDDING_MODEL: "openai:text-embedding-3-small",
      CHAT_MODEL: "local:extractive",
      PANOPTO_ALLOWED_HOSTS: this.site.host,
      ...this.env,
    };
  }

  async start(): Promise<void> {
    this.#server = await this.host.start(this.settings);
  }

  /** Notes a disturbance that is about to happen. `endsCalls`: the answers of calls under way are lost. */
  noteDisturbance({ endsCalls }: { endsCalls: boolean }): void {
    this.#disturbances += 1;
    this.#disturbedAt = performance.now();
    if (endsCalls) this.#noteCallsInFlight();
  }

  #noteCallsInFlight(): void {
    for (const unit of UNITS) this.#inFlight[unit] += this[unit].inFlight;
  }

  /** Settles at the next billed answer of a provider, a moment before the server gets it. */
  async nextAnswer(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const meters = [this.pages, this.lectures, this.texts];
    for (const meter of meters) meter.onAnswer = resolve;
    await Promise.race([promise, Bun.sleep(NO_ANSWER_MS)]);
    for (const meter of meters) meter.onAnswer = () => {};
  }

  /** Ends the server and starts it again on its data; returns the exit code. */
  async restart(signal: NodeJS.Signals): Promise<number | null> {
    // A server that is asked to stop finishes its calls first, as long as it can.
    this.noteDisturbance({ endsCalls: signal === "SIGKILL" });
    const exitCode = await this.server.stop(signal);
    if (signal !== "SIGKILL") this.#noteCallsInFlight();
    await this.start();
    return exitCode;
  }

  /**
   * Uploads decks, and lectures as recordings and as audio in turn, in parallel. The client repeats a
   * request without an answer, as clients do.
   */
  async upload({
    decks,
    pagesEach,
    lectures,
  }: {
    decks: number;
    pagesEach: number;
    lectures: number;
  }) {
    await Promise.all([
      ...Array.from({ length: decks }, () => this.uploadDeck(pagesEach)),
      ...Array.from({ length: lectures }, (_, n) => this.#uploadLecture(n % 2 === 0)),
    ]);
  }

  async uploadDeck(pages: number, word?: string): Promise<Asset> {
    const file = await uniqueDeck(pages, word);
    const { course_id } = this;
    const accepted = await this.#accept(() =>
      postFile("/api/documents/upload", { course_id }, file),
    );
    return this.#add({ kind: "documents", id: accepted.document_id, pages });
  }

  async #uploadLecture(asRecording: boolean): Promise<Asset> {
    const title = `Lecture ${crypto.randomUUID()}`;
    const { course_id } = this;
    const panopto_url = asRecording
      ? this.site.addSession({ title, podcast_video: "video.mp4" })
      : null;
    const bytes = await Bun.file(join(await sampleMedia(), "sound.mp3")).bytes();
    const accepted = await this.#accept(() =>
      panopto_url
        ? postJson("/api/lectures/download", { course_id, panopto_url })
        : postFile(
            "/api/lectures/audio",
            { course_id, title },
            { name: "sound.mp3", bytes, type: "audio/mpeg" },
          ),
    );
    return this.#add({ kind: "lectures", id: accepted.lecture_id, pages: 0 });
  }

  #add(asset: Asset): Asset {
    this.accepted.push(asset);
    return asset;
  }

  /** Assets that users deleted are not expected any more. */
  forget(assets: Asset[]): void {
    this.accepted = this.accepted.filter((asset) => !assets.includes(asset));
  }

  /** Sends a request until the server answers it; one key makes the repetitions one request. */
  async #accept(make: () => Request): Promise<{ document_id: string; lecture_id: string }> {
    const key = crypto.randomUUID();
    const deadline = performance.now() + CLIENT_PATIENCE_MS;
    for (;;) {
      const request = make();
      request.headers.set("Idempotency-Key", key);
      const response = await this.server.send(request).catch(() => null);
      if (response?.ok) return response.json();
      const answer = response ? `${response.status} ${await response.text()}` : "no answer";
      const canRepeat = !response || [409, 429, 503].includes(response.status);
      if (!canRepeat || performance.now() > deadline) throw new Error(`${request.url}: ${answer}`);
      await Bun.sleep(200);
    }
  }

  /** Jobs and circuit breakers that wait find that so many more seconds have passed. */
  async skipWaiting(seconds: number): Promise<void> {
    await this.#query(
      (db) => db`
        with breakers as (
          update provider_states set open_until = open_until - make_interval(secs => ${seconds})
        ),
        waiting as (
          update jobs set next_attempt_at = next_attempt_at - make_interval(secs => ${seconds})
          where next_attempt_at > clock_timestamp() and job_state not in ('completed', 'failed')
          returning message_id
        ),
        messages as (
          update pgmq.q_ingest set vt = vt - make_interval(secs => ${seconds})
          where msg_id in (select message_id from waiting)
        )
        select pg_notify('ingest', 'ingest')`,
    );
  }

  /** Providers that get only probes. */
  async openBreakers(): Promise<string[]> {
    const rows = await this.#query(
      (db) => db<{ provider: string }[]>`
        select provider from provider_states where open_until is not null`,
    );
    return rows.map(({ provider }) => provider);
  }

  async #query<T>(run: (db: Sql) => PromiseLike<T>): Promise<T> {
    const db = connect(this.server.databaseUrl, { max: 1 });
    try {
      return await run(db);
    } finally {
      await db.end({ timeout: 1 });
    }
  }

  /** The current row of an asset; null while there is no answer. */
  // biome-ignore lint/suspicious/noExplicitAny: our own API's answers
  async find({ kind, id }: Asset): Promise<any> {
    const response = await this.server.send(`/api/${kind}/${id}`).catch(() => null);
    if (!response) return null;
    if (response.status === 404) return { status: "missing" };
    return response.ok ? response.json() : null;
  }

  /** Waits until the share of the accepted assets that ended is at least `fraction`. */
  async ended(fraction: number, timeoutMs = SETTLE_MS): Promise<void> {
    await eventually(
      () => Promise.all(this.accepted.map((asset) => this.find(asset))),
      (rows) => rows.filter(isEnded).length >= fraction * rows.length,
      timeoutMs,
    );
  }

  /** Waits for the end of all work, checks it, prints the figures and returns them. */
  async report(): Promise<DrillReport> {
    await this.ended(1).catch(() => {}); // what has no end by then is lost
    const recovery_seconds = (performance.now() - this.#disturbedAt) / 1_000;
    const rows = await Promise.all(
      this.accepted.map(async (asset) => ({ ...asset, row: await this.find(asset) })),
    );
    const lost = rows.filter(({ row }) => !isEnded(row) || row.status === "missing");
    const failed = rows.filter(({ row }) => row?.status === "failed");
    const stored = await this.#countStored();
    const report: DrillReport = {
      disturbances: this.#disturbances,
      assets: rows.length,
      lost: lost.map(({ kind, id, row }) => `${kind} ${id}: ${row?.status}`),
      failed: failed.map(({ kind, id, row }) => `${kind} ${id}: ${row.status_reason}`),
      duplicated: stored.duplicated,
      bought: {
        pages: this.pages.bought,
        lectures: this.lectures.bought,
        texts: this.texts.bought,
      },
      needed: stored.needed,
      in_flight: this.#inFlight,
      receipts: {
        pages: { billed: this.pages.calls, ...stored.receipts("google") },
        lectures: { billed: this.lectures.calls, ...stored.receipts("elevenlabs") },
      },
      recovery_seconds,
    };
    console.log(toLine(this.name, report));
    return report;
  }

  /** What the tables have: each page, transcript and chunk that had to be bought, and rows too many. */
  async #countStored() {
    const db = connect(this.server.databaseUrl, { max: 1 });
    try {
      const [needed] = await db<Counts[]>`
        select (select count(*)::int from slide_descriptions) as pages,
               (select count(*)::int from lecture_transcripts) as lectures,
               (select count(*)::int from (select id from slide_chunks union all
                                           select id from lecture_chunks) c) as texts`;
      const duplicated = await db<{ fault: string }[]>`
        select 'document ' || d.id || ' was not accepted' as fault from documents d
        where d.deleted_at is null and d.id <> all(${this.#idsOf("documents")}::uuid[])
        union all
        select 'lecture ' || l.id || ' was not accepted' from lectures l
        where l.deleted_at is null and l.id <> all(${this.#idsOf("lectures")}::uuid[])
        union all
        select 'pages of document ' || d.id from documents d
        where d.status = 'completed' and d.page_count is distinct from
          (select count(*) from slide_descriptions s where s.document_id = d.id)
        union all
        select 'chunks of ' || asset_id from (
          select document_id as asset_id, chunk_index, embedding is null as is_bare from slide_chunks
          union all select lecture_id, chunk_index, embedding is null from lecture_chunks) c
        where asset_id in (select id from documents where status = 'completed' union all
                           select id from lectures where status = 'completed')
        group by asset_id having count(*) <> max(chunk_index) + 1 or bool_or(is_bare)
        union all
        select 'a message without a job in ' || q.queue_name
        from pgmq.metrics_all() q
        where q.queue_name in ('ingest', 'ingest_high') and q.queue_length >
          (select count(*) from jobs j where j.queue_name = q.queue_name
                                         and j.job_state not in ('completed', 'failed'))`;
      const receipts = await db<({ provider: string } & Omit<Receipts, "billed">)[]>`
        select provider, count(*)::int as all, count(*) filter (where state = 'ok')::int as ok,
               count(*) filter (where state in ('started', 'lost') and request_id is null)::int
                 as unanswered
        from provider_calls group by provider`;
      return {
        needed: needed!,
        duplicated: duplicated.map(({ fault }) => fault),
        receipts: (name: string) => {
          const { provider: _, ...counts } = receipts.find(({ provider }) => provider === name) ?? {
            provider: name,
            all: 0,
            ok: 0,
            unanswered: 0,
          };
          return counts;
        },
      };
    } finally {
      await db.end({ timeout: 1 });
    }
  }

  #idsOf(kind: Asset["kind"]): string[] {
    return this.accepted.filter((asset) => asset.kind === kind).map(({ id }) => id);
  }

  /** Folders and files in scratch: empty while no job runs. */
  scratch(): Promise<string[]> {
    return readdir(join(this.server.dataRoot, "scratch")).catch(() => []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    for (const server of [this.pages, this.lectures, this.texts, this.speech]) {
      await server[Symbol.asyncDispose]();
    }
    await this.#gemini[Symbol.asyncDispose]();
    await this.#openai.close();
    this.site.close();
  }
}

/** Fails unless nothing was lost, nothing is there twice, and only calls in flight were bought again. */
export function expectGood({ bought, needed, in_flight, receipts, ...report }: DrillReport): void {
  expect(report).toMatchObject({ lost: [], failed: [], duplicated: [] });
  for (const unit of UNITS) {
    expect(bought[unit], `${unit} bought`).toBeGreaterThanOrEqual(needed[unit]);
    expect(bought[unit], `${unit} bought`).toBeLessThanOrEqual(needed[unit] + in_flight[unit]);
  }
  for (const { billed, ok, all } of Object.values(receipts)) {
    expect(billed).toBeGreaterThanOrEqual(ok);
    expect(billed).toBeLessThanOrEqual(all);
  }
  // This provider has an id to poll: only a submission whose id was not stored yet is repeated.
  expect(bought.lectures).toBeLessThanOrEqual(needed.lectures + receipts.lectures.unanswered);
}

/** A generated deck that has its bytes and its texts for itself; its title begins with the word. */
export async function uniqueDeck(pages: number, word = "Deck") {
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  const [lecture] = makeCourse({ seed: seed!, lectures: 1, pages, languages: ["en"] }).lectures;
  const title = `${word} ${lecture!.title}`;
  return { name: `${seed}.pdf`, bytes: await lectureDeck({ ...lecture!, title }) };
}

const isEnded = (row: { status: string } | null) =>
  row !== null && ["completed", "failed", "missing"].includes(row.status);

function toLine(name: string, report: DrillReport): string {
  const { disturbances, assets, lost, duplicated, failed, recovery_seconds } = report;
  const bought = UNITS.map((unit) => {
    const { [unit]: paid } = report.bought;
    return `${unit} ${paid} of ${report.needed[unit]} needed + ${report.in_flight[unit]} in flight`;
  });
  const counts = `${disturbances} disturbances, ${assets} assets, ${lost.length} lost, ${duplicated.length} duplicated, ${failed.length} failed`;
  return `drill: ${name} (${engine}): ${counts}; bought: ${bought.join(", ")}; recovered in ${recovery_seconds.toFixed(1)} s`;
}
