// One engine: corrections are tested on both, and so is a kill (crash.test.ts).
import { expect, setDefaultTimeout, test } from "bun:test";
import { postFile, postJson } from "../support/http";
import { startOpenAI } from "../support/openai";
import { expireClaims, openServerHost } from "../support/server";
import { eventually } from "../support/waiting";

setDefaultTimeout(300_000);

const sentence = (i: number) =>
  `Number ${i} explains the largest eigen value of matrix w${i} again.`;
const vtt = [
  "WEBVTT",
  ...Array.from({ length: 120 }, (_, i) => {
    const time = (s: number) =>
      `00:${String(Math.floor(s / 60)).padStart(2, "0")}:${String(s % 60).padStart(2, "0")}.000`;
    return `${time(i * 4)} --> ${time(i * 4 + 4)}\n${sentence(i)}`;
  }),
].join("\n\n");

test("a server that is killed while it corrects a transcript has the former one, then the corrected one", async () => {
  await using openai = startOpenAI();
  await using host = await openServerHost();
  const settings = {
    OPENAI_API_KEY: "test-key",
    OPENAI_BASE_URL: openai.url,
    EMBEDDING_MODEL: "openai:text-embedding-3-small",
    CHAT_MODEL: "local:extractive",
  };
  let server = await host.start(settings);
  const { id: course_id } = await server.json(postJson("/api/courses", { name: "Crash" }));
  const file = { name: "t.vtt", bytes: new TextEncoder().encode(vtt) };
  const upload = postFile("/api/lectures/transcript", { course_id, title: "Spectra" }, file);
  const { lecture_id } = await server.json(upload);
  const path = `/api/lectures/${lecture_id}`;
  const untilDone = () =>
    eventually(
      () => server.json(path),
      ({ status }) => ["completed", "failed"].includes(status),
      120_000,
    );
  expect(await untilDone()).toMatchObject({ status: "completed" });
  /**
   * The spelling in all passages, in the transcript and in its export, in the order of the requests. Two
   * spellings in one response are a mixture.
   */
  const spellings = async () => {
    const query = { course_id, query: "largest eigen value eigenvalue of a matrix", top_k: 20 };
    // biome-ignore lint/suspicious/noExplicitAny: the body of our own API
    const found: any[] = await server.json(postJson("/api/retrieval/query", query));
    expect(found.length).toBeGreaterThan(0);
    const passages = found.map(({ content }) => content).join("\n");
    const { transcript_text } = await server.json(`${path}/transcript`);
    const srt = await (await server.send(`${path}/transcript?format=srt`)).text();
    return [passages, transcript_text, srt].map((text: string) =>
      [...new Set(text.match(/eigen ?value/g))].join(" and "),
    );
  };
  expect(await spellings()).toEqual(Array(3).fill("eigen value"));

  const asked = openai.requests.length;
  openai.embeddingFaults.push({ kind: "stall", afterTokens: 0 });
  const patch = new Request(`http://localhost${path}/transcript`, {
    method: "PATCH",
    body: JSON.stringify({ find: "eigen value", replacement: "eigenvalue" }),
    headers: { "content-type": "application/json" },
  });
  await server.json(patch);
  // The corrected draft is stored, and its embeddings are requested.
  await eventually(
    async () => openai.requests.length,
    (count) => count > asked,
  );
  await server.stop("SIGKILL");
  await expireClaims(server);
  server = await host.start(settings);
  const seen: string[] = [];
  for (let isDone = false; !isDone; ) {
    isDone = (await server.json(path)).status === "completed";
    seen.push(...(await spellings()));
  }
  const former = seen.filter((spelling) => spelling === "eigen value").length;
  expect(seen).toEqual([
    ...Array(former).fill("eigen value"),
    ...Array(seen.length - former).fill("eigenvalue"),
  ]);
  expect(seen.at(-1)).toBe("eigenvalue");
});
