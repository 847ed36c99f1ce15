import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "../../src/db/client";
import { SPOOL_FOLDER } from "../../src/storage/answer-spool";
import { databaseUrl } from "../support/database";
import { startGemini } from "../support/gemini";
import { postFile, postJson } from "../support/http";
import { openNetworkLine } from "../support/network-line";
import { sampleMedia } from "../support/panopto/media";
import { deckPdf } from "../support/pdfs";
import { openServerHost, type Server, settled } from "../support/server";
import { startSpeechServer } from "../support/speech-server";
import { eventually } from "../support/waiting";

setDefaultTimeout(240_000);

const PAGES = 3;

test("a kill while the database is away buys nothing twice: the answers on the disk are used", async () => {
  const answered = Promise.withResolvers<void>();
  await using speech = startSpeechServer({
    listen: async (_path, duration_ms) => {
      await answered.promise;
      return [{ text: "Entropy", start_ms: 0, end_ms: duration_ms }];
    },
  });
  await using gemini = startGemini();
  gemini.spoil(1, PAGES, { kind: "late", until: answered.promise });
  const database = await databaseUrl();
  await using line = await openNetworkLine(database.url);
  await using host = await openServerHost();
  const start = () =>
    host.start({
      DATABASE_URL: line.url,
      WORKERS: "2",
      TRANSCRIPTION_BASE_URL: speech.url,
      TRANSCRIPTION_API_KEY: "key",
      GOOGLE_BASE_URL: gemini.url,
      GOOGLE_API_KEY: "key",
      SLIDE_MODEL: "google:gemini-test",
      EMBEDDING_MODEL: "local:use-lite",
      CHAT_MODEL: "local:extractive",
    });

  const server = await start();
  const { lecture_id, document_id } = await uploadBoth(server);
  await Promise.all([
    gemini.asked(PAGES),
    eventually(
      async () => speech.counts.requests,
      (requests) => requests === 1,
    ),
  ]);
  line.cut();
  answered.resolve();
  const kept = () => readdir(join(server.dataRoot, SPOOL_FOLDER)).catch(() => []);
  await eventually(kept, (names) => names.filter((n) => n.endsWith(".json")).length === PAGES + 1);
  await server.stop("SIGKILL");

  line.mend();
  const sql = connect(database.url, { max: 1 });
  await sql`update pgmq.q_ingest set vt = clock_timestamp()`; // instead of the wait for the claims to expire
  const next = await start();
  expect(await settled(next, document_id)).toMatchObject({ status: "completed" });
  const lecture = await eventually(
    () => next.json(`/api/lectures/${lecture_id}`),
    ({ status }) => status === "completed" || status === "failed",
    90_000,
  );

  expect(lecture).toMatchObject({ status: "completed", flags: { has_transcript: true } });
  expect([speech.counts.requests, gemini.requests.length]).toEqual([1, PAGES]);
  const receipts =
    await sql`select state, count(*)::int as count from provider_calls group by state`;
  expect([...receipts]).toEqual([{ state: "ok", count: PAGES + 1 }]);
  expect(await kept()).toEqual([]);
  await sql.end();
  await host.stop();
  await database.close();
});

async function uploadBoth(server: Server) {
  const { id: course_id } = await server.json(postJson("/api/courses", { name: "Entropy" }));
  const audio = await Bun.file(join(await sampleMedia(), "sound.mp3")).bytes();
  const pages = Array.from({ length: PAGES }, (_, i) => ({
    title: `Entropy ${i}`,
    body: [`State ${i}`],
  }));
  const deck = await deckPdf(pages, "Entropy");
  const upload = (path: string, name: string, bytes: Uint8Array) =>
    server.json(postFile(path, { course_id }, { name, bytes }));
  const { lecture_id } = await upload("/api/lectures/audio", "week.mp3", audio);
  const { document_id } = await upload("/api/documents/upload", "deck.pdf", deck);
  return { lecture_id, document_id };
}
