import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { get, postFile, postJson } from "../../support/http";
import { openTestSite } from "../../support/panopto";
import { sampleMedia } from "../../support/panopto/media";
import { openServerHost } from "../../support/server";
import { startSpeechServer } from "../../support/speech-server";
import { eventually } from "../../support/waiting";

setDefaultTimeout(240_000);

const site = await openTestSite();
const host = await openServerHost();
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  site.close();
});

test("a whole server takes addresses and sound to transcripts, and keeps no sound", async () => {
  await using speech = startSpeechServer();
  const server = await host.start({
    TRANSCRIPTION_BASE_URL: speech.url,
    PANOPTO_ALLOWED_HOSTS: site.host,
  });
  const ask = async (request: Request) => {
    const { pathname } = new URL(request.url);
    const answer = await fetch(new Request(new URL(pathname, server.url), request));
    // biome-ignore lint/suspicious/noExplicitAny: answers are compared, not computed with
    return (await answer.json()) as any;
  };
  const { id: course_id } = await ask(postJson("/api/courses", { name: "Entropy" }));
  const panopto_url = site.addSession({ streams: [{ tag: "DV", file: "ts/master.m3u8" }] });
  const bytes = await Bun.file(join(await sampleMedia(), "sound.mp3")).bytes();

  const fetched = await ask(postJson("/api/lectures/download", { course_id, panopto_url }));
  const brought = await ask(
    postFile("/api/lectures/audio", { course_id }, { name: "week.mp3", bytes }),
  );

  for (const { lecture_id } of [fetched, brought]) {
    const lecture = await eventually(
      () => ask(get(`/api/lectures/${lecture_id}`)),
      ({ status }) => status === "completed" || status === "failed",
      180_000,
    );
    expect(lecture).toMatchObject({ status: "completed", embed_status: "completed" });
  }
  expect(speech.counts.requests).toBe(2);
  const left = await eventually(
    async () => [
      ...(await readdir(join(server.dataRoot, "scratch"))),
      ...(await readdir(join(server.dataRoot, "uploaded-audio"))),
    ],
    (names) => names.join() === ".tmp",
  );
  expect(left).toEqual([".tmp"]);
});
