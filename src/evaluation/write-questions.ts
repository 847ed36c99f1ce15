import type { Sql } from "../db/client";
import {
  type AssetToAsk,
  type ExamPassage,
  insertWrittenQuestions,
  listAssetsToAsk,
  listExamPassages,
  type WrittenQuestion,
} from "../db/exam-questions";
import { listBilledWork } from "../db/jobs/provider-calls";
import { getTranscript } from "../db/transcripts";
import { AppError } from "../errors";
import type { Log } from "../log";
import { type CallPolicy, CallRecorder } from "../pipelines/paid-calls";
import type { ChatModel } from "../providers/chat/chat-model";
import { draftQuestions } from "../providers/chat/question-writer";
import { wordsOf } from "../text/words";
import { checkDraft, type DraftProblem } from "./check-draft";

export type QuestionWriterDeps = {
  db: Sql;
  chatModel: ChatModel;
  callPolicy: CallPolicy;
  log: Pick<Log, "info" | "warn">;
  signal: AbortSignal;
};

/** Requests for a course: an exam of 40 questions measures enough, and their cost does not grow with the course. */
const MOST_ASSETS = 10;
/** Questions about an asset, in one request. */
const MOST_PASSAGES = 4;
/** A shorter passage, such as a title page, has nothing to ask about. */
const LEAST_WORDS = 15;
const MOST_CHARS = 1_500;

/**
 * Lets the chat model write questions about some assets of a course that have none yet. Each asset is paid for once: a
 * request that was possibly billed is not made again for the same passages, also after a crash.
 *
 * The exam has other questions too, so a failure of the provider or a used-up budget only ends the writing.
 *
 * @throws the signal's reason
 */
export async function writeQuestions(course_id: string, deps: QuestionWriterDeps): Promise<void> {
  const { db, chatModel, callPolicy, log, signal } = deps;
  if (chatModel.kind !== "model") return;
  const recorder = new CallRecorder(db, null, signal, callPolicy, course_id);
  for (const { asset, passages, call_key } of await listWork(db, course_id)) {
    signal.throwIfAborted();
    try {
      const calls = recorder.for("exam_questions", call_key);
      const texts = passages.map(({ text }) => text.slice(0, MOST_CHARS));
      const drafts = await draftQuestions(chatModel, texts, calls, signal);
      const { questions, problems } = await checkDrafts(db, asset, passages, drafts);
      await insertWrittenQuestions(db, asset.kind, asset.id, questions);
      log.info(
        { course_id, asset_id: asset.id, questions: questions.length, problems },
        "a model wrote exam questions",
      );
    } catch (err) {
      signal.throwIfAborted();
      if (!(err instanceof AppError)) throw err;
      log.warn({ err, course_id }, "a model wrote no exam questions: those about terms are used");
      return;
    }
  }
}

type Work = { asset: AssetToAsk; passages: ExamPassage[]; call_key: string };

/** The assets to write about, without those that have questions of a model or were paid for. */
async function listWork(db: Sql, course_id: string): Promise<Work[]> {
  const assets = await listAssetsToAsk(db, course_id, MOST_ASSETS);
  const works: Work[] = [];
  for (const asset of assets.filter(({ has_written }) => !has_written)) {
    const passages = choosePassages(await listExamPassages(db, asset.kind, asset.id));
    if (passages.length === 0) continue;
    const hasher = new Bun.CryptoHasher("sha256").update(JSON.stringify(passages));
    const call_key = `${asset.kind}:${asset.id}:exam:${hasher.digest("hex").slice(0, 16)}`;
    works.push({ asset, passages, call_key });
  }
  const billed = await listBilledWork(
    db,
    works.map(({ call_key }) => call_key),
  );
  return works.filter(({ call_key }) => !billed.has(call_key));
}

/** Passages from all parts of an asset. */
function choosePassages(all: readonly ExamPassage[]): ExamPassage[] {
  const long = all.filter(({ text }) => wordsOf(text).length >= LEAST_WORDS);
  const count = Math.min(MOST_PASSAGES, long.length);
  return Array.from(
    { length: count },
    (_, i) => long[Math.floor(((i + 0.5) * long.length) / count)]!,
  );
}

/** At most one question for each passage. */
async function checkDrafts(
  db: Sql,
  { kind, id }: AssetToAsk,
  passages: readonly ExamPassage[],
  drafts: Awaited<ReturnType<typeof draftQuestions>>,
): Promise<{ questions: WrittenQuestion[]; problems: DraftProblem[] }> {
  const segments = kind === "lecture" ? (await getTranscript(db, id)).segments : null;
  const questions = new Map<number, WrittenQuestion>();
  const problems: DraftProblem[] = [];
  for (const draft of drafts) {
    if (questions.has(draft.passage)) continue;
    const checked = checkDraft(draft, passages, segments);
    if (typeof checked === "string") problems.push(checked);
    else questions.set(draft.passage, checked);
  }
  return { questions: [...questions.values()], problems };
}
