import { Elysia } from "elysia";
import { AuditWriter } from "../../src/db/access/audit-writer";
import type { Sql } from "../../src/db/client";
import type { Budgets } from "../../src/db/jobs/provider-calls";
import { openMetrics } from "../../src/metrics";
import type { ChatModel } from "../../src/providers/chat/chat-model";
import type { Embedder } from "../../src/providers/embedder";
import { OpenAI } from "../../src/providers/openai";
import type { Reranker } from "../../src/providers/reranker";
import type { QuestionReceipts } from "../../src/retrieval/question-calls";
import { chatRoutes } from "../../src/routes/chat/chat";
import { openaiFacade } from "../../src/routes/chat/openai-facade";
import { earlyBytes } from "../../src/routes/http/early-bytes";
import { problems } from "../../src/routes/http/problems";
import { silentLog } from "./factories";
import { guardWithKey, keylessGuard } from "./guard";
import { type Replies, type Reply, startOpenAI } from "./openai";

/** What a model says that looks into the studied course first, and then answers from it. */
export const SEARCH: Reply = {
  toolCalls: [{ name: "search_slides", input: { query: "coin entropy" } }],
};
export const ANSWER = { text: "A fair coin has one bit of entropy [1]." };

type StudiedCourse = {
  course_id: string;
  document_id: string;
  lecture_id: string;
  /** The address of the deck's version, as citations have it. */
  file_url: string;
};

/** A course with one slide deck and one lecture, found by their words. */
export async function createStudiedCourse(db: Sql) {
  const [ids] = await db<StudiedCourse[]>`
    with course as (insert into courses (name) values ('Information theory') returning id),
    document as (
      insert into documents (course_id, filename, title, storage_url, size_bytes, sha256)
      select id, 'coins.pdf', 'Coins', 'documents/coins.pdf', 9,
             encode(sha256(gen_random_uuid()::text::bytea), 'hex')
      from course returning id, course_id, sha256
    ),
    lecture as (
      insert into lectures (course_id, source, title, panopto_session_id, panopto_url)
      select id, 'panopto', 'Entropy', gen_random_uuid()::text,
             'https://uni.hosted.panopto.com/Panopto/Pages/Viewer.aspx?id=1'
      from course returning id, course_id
    ),
    slide as (
      insert into slide_chunks
        (document_id, course_id, chunk_index, page_number, page_end, content, text_config)
      select id, course_id, 0, 7, 7, 'A fair coin has one bit of entropy.', 'english' from document
    ),
    speech as (
      insert into lecture_chunks
        (lecture_id, course_id, chunk_index, start_ms, end_ms, content, text_config)
      select id, course_id, 0, 61000, 75000, 'Claude Shannon named it entropy in 1948.', 'english'
      from lecture
    )
    select course.id as course_id, document.id as document_id, lecture.id as lecture_id,
           '/api/documents/' || document.id || '/versions/' || sha256 || '/file' as file_url
    from course, document, lecture`;
  return ids!;
}

type ServerOptions = {
  replies?: Replies;
  api?: "chat" | "responses";
  paceMs?: number;
  /** The key that the server asks for; unset: none. */
  key?: string;
  chatModel?: (embedder: Embedder) => ChatModel;
  reranker?: Reranker | null;
  receipts?: QuestionReceipts;
  budgets?: Budgets;
  /** Milliseconds until a JSON response begins early; unset: as in the product. */
  silenceMs?: number;
};

/** The chat endpoints and the façade on a port of their own, with a scripted model behind them. */
export function serveChat(db: Sql, options: ServerOptions = {}) {
  const { replies = [], api = "chat", paceMs = 0, key } = options;
  const openai = startOpenAI({ replies, paceMs });
  const provider = new OpenAI({ baseUrl: openai.url, apiKey: "test", api });
  const embedder: Embedder = {
    ...provider.embedder("text-embedding-3-small"),
    withModel: (model) =>
      model.startsWith("openai:") ? provider.embedder(model.slice("openai:".length)) : undefined,
  };
  const chatModel = options.chatModel?.(embedder) ?? provider.chatModel("gpt-test");
  const shutdown = new AbortController();
  const unfinished: Promise<void>[] = [];
  const needs = {
    db,
    embedder,
    chatModel,
    reranker: options.reranker ?? null,
    receipts: options.receipts,
    callPolicy: { budgets: options.budgets ?? {} },
    log: silentLog,
    metrics: openMetrics(),
    audit: new AuditWriter(db, silentLog),
    config: { TEACHERS_SEE_QUESTIONS: false },
    shutdown: shutdown.signal,
    beforeClose: (work: Promise<void>) => void unfinished.push(work),
  };
  const app = new Elysia()
    .use(problems(silentLog, () => []))
    .use(earlyBytes(options.silenceMs))
    .use(key ? guardWithKey(db, key) : keylessGuard(db))
    .use(chatRoutes(needs))
    .use(openaiFacade(needs))
    .listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${app.server!.port}`;
  return {
    openai,
    shutdown,
    /** What a process waits for before it closes the database. */
    unfinished,
    url,
    post: (path: string, body: unknown, init: RequestInit = {}) =>
      fetch(`${url}${path}`, {
        method: "POST",
        body: JSON.stringify(body),
        ...init,
        headers: { "content-type": "application/json", ...init.headers },
      }),
    async [Symbol.asyncDispose]() {
      await app.server!.stop(true);
      await openai.close();
    },
  };
}
