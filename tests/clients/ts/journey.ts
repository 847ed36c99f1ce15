/**
 * A program of a user of the packed client: course, upload, wait, streamed answer, cited page, deletion.
 * The test copies it to a folder outside the project, compiles it and runs it in Node.js.
 */
import { readFile } from "node:fs/promises";
import {
  type Citation,
  createLecternClient,
  dataOf,
  itemsOf,
  LecternError,
  referencesOf,
  streamAnswer,
  waitForDocument,
} from "@lectern/client";

const [baseUrl = "", pdf = ""] = process.argv.slice(2);
const lectern = createLecternClient({ baseUrl });

const course = await dataOf(lectern.POST("/api/courses", { body: { name: "Information theory" } }));
const file = new File([await readFile(pdf)], "slides.pdf", { type: "application/pdf" });
const uploaded = await dataOf(
  lectern.POST("/api/documents/upload", { body: { course_id: course.id, file } }),
);
if (!("document_id" in uploaded)) throw new Error("not a document");
const document = await waitForDocument(lectern, uploaded.document_id, {
  intervalMs: 100,
  signal: AbortSignal.timeout(90_000),
});

const message = "What is entropy and how is it measured?";
let answer = "";
let references: Citation[] = [];
for await (const event of streamAnswer(lectern, { course_id: course.id, message })) {
  if (event.type === "TEXT_MESSAGE_CONTENT") answer += event.delta;
  references = referencesOf(event) ?? references;
}
const cited = references.find(({ number }) => answer.includes(`[${number}]`));
const source = await fetch(new URL(cited?.url ?? "", baseUrl), {
  headers: { range: "bytes=0-4" },
});

const courses: string[] = [];
const pages = (cursor: string | undefined) =>
  lectern.GET("/api/courses", { params: { query: { limit: 1, ...(cursor && { cursor }) } } });
for await (const { name } of itemsOf(pages)) courses.push(name);

const params = { path: { id: course.id } };
const removed = await lectern.DELETE("/api/courses/{id}", { params });
const missing = await dataOf(lectern.GET("/api/courses/{id}", { params })).catch(
  (error: unknown) => (error instanceof LecternError ? error.code : "another error"),
);

console.log(
  JSON.stringify({
    status: document.status,
    pages: document.page_count,
    hasAnswer: answer.length > 0,
    source: [source.status, await source.text()],
    courses,
    removed: removed.response.status,
    missing,
  }),
);
