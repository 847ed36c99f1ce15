import {
  addToThread,
  type ChatMessage,
  listMessages,
  type NewAnswer,
  saveAnswer,
} from "../db/chat/chat";
import { isDatabaseOutage } from "../db/client";
import { AppError, ERRORS } from "../errors";
import type { ChatModel } from "../providers/chat/chat-model";
import { checkResume, pendingInterrupts } from "./agent/interrupts";
import { type Answerable, type AnswerServices, answer } from "./answer";
import { findNew, lastTurn, type Said, type Turn, withoutUnfinished, withSaid } from "./history";
import { type ChatRequest, isModern } from "./input";
import type { ChatPart } from "./parts";
import type { LiveRun, Runs } from "./run/runs";
import { isBehind, toAgUiMessages, toSnapshots } from "./snapshots";

export type ChatServices = AnswerServices & { runs: Runs };

/** `thread` as it was when the request came. */
export type Conversation = Answerable & {
  request: ChatRequest;
  /** The answer that was being given when the thread was about to be read: it may end unread. */
  live: LiveRun | undefined;
};

/**
 * Takes a conversation further: stores what is new in it, then answers.
 *
 * A thread has one answer at a time. A request that brings nothing new hears the answer that is
 * being given, from its beginning; gets an answer that broke off given again; or, when nothing is
 * open, gets the thread as it is. One that brings something new waits for the answer before it.
 */
export async function* converse(
  services: ChatServices,
  conversation: Conversation,
  signal: AbortSignal,
): AsyncGenerator<ChatPart[]> {
  try {
    yield* takeFurther(services, conversation, signal);
  } catch (err) {
    if (signal.aborted) return;
    const code = isDatabaseOutage(err) ? "database_unavailable" : "internal";
    const error = err instanceof AppError ? err : new AppError(code, {}, { cause: err });
    const { request_id } = conversation;
    // A caller's mistake is told to the caller, who is the one to act on it.
    const isOurs = ERRORS[error.errorCode].status >= 500;
    if (isOurs) services.log.error({ err, request_id }, "a conversation failed");
    yield [{ type: "error", error }];
  }
}

async function* takeFurther(
  services: ChatServices,
  conversation: Conversation,
  signal: AbortSignal,
): AsyncGenerator<ChatPart[]> {
  const { db, runs } = services;
  const { request } = conversation;
  const { session_id, messages, resume } = request;
  const hasEnded = conversation.live && runs.find(session_id) !== conversation.live;
  let thread = hasEnded ? await listMessages(db, session_id) : conversation.thread;
  let { surelyNew } = request;

  for (;;) {
    const live = runs.find(session_id);
    const heard = live?.thread ?? thread;
    const said = findNew(heard, { messages, session_id, surelyNew, resume });
    if (resume || mustResume(request, said)) checkResume(heard, resume ?? []);
    if (live && !live.isStopped && isNothing(said)) {
      yield toHistory(live.thread, request);
      yield* live.follow(signal);
      return;
    }
    if (live) await untilOver(live, signal);
    else if (yield* storeAndAnswer(services, { ...conversation, thread }, said, signal)) return;
    // Somebody was faster, such as a twin of this request.
    else surelyNew = false;
    thread = await listMessages(db, session_id);
    if (!live && thread.length === 0) throw new AppError("session_not_found");
  }
}

/** Answers false, having told nothing, when what was said could not be stored as new. */
async function* storeAndAnswer(
  services: ChatServices,
  conversation: Conversation,
  said: Said,
  signal: AbortSignal,
): AsyncGenerator<ChatPart[], boolean> {
  const { request } = conversation;
  const { session_id, messages, resume, runId: run_id } = request;
  const stored = isNothing(said) || addToThread(services.db, session_id, { ...said, run_id });
  const saidNow = withSaid(conversation.thread, said, run_id);
  const turn = lastTurn(saidNow);
  const thread = turn ? withoutUnfinished(saidNow, turn) : saidNow;
  // The model is asked while its question is being stored, and heard when it is.
  const run =
    turn && !turn.settled
      ? startAnswer(services, { ...conversation, thread }, turn, stored)
      : undefined;
  if (!(await orStop(stored, run))) return false;
  try {
    if (!run || isNothing(said) || isBehind(thread, messages)) yield toHistory(thread, request);
    else if (resume) yield said.results.map(toResultPart);
    if (run) yield* run.follow(signal);
    else yield [...toRecall(thread), toFinish(services.chatModel, thread)];
  } finally {
    run?.stopUnheard(); // a reader may leave before it listens
  }
  return true;
}

/** Starts an answer that is saved only if its question could be stored. */
function startAnswer(
  services: ChatServices,
  conversation: Conversation,
  turn: Turn,
  stored: boolean | Promise<boolean>,
): LiveRun {
  const { request, thread } = conversation;
  const { session_id, runId: run_id } = request;
  const save = async (steps: NewAnswer[]) => {
    if (await stored)
      await saveAnswer(services.db, session_id, { turn_id: turn.id, run_id, steps });
  };
  return services.runs.start(session_id, thread, answer(services, conversation, turn, save));
}

/** Was it stored? If not, the run that began on the strength of it ends, unheard. */
async function orStop(
  stored: boolean | Promise<boolean>,
  run: LiveRun | undefined,
): Promise<boolean> {
  let isStored = false;
  try {
    isStored = await stored;
    return isStored;
  } finally {
    if (!isStored) {
      run?.stop("not stored");
      await run?.ended;
    }
  }
}

const isNothing = ({ messages, results }: Said) => messages.length + results.length === 0;

/** A client of 1.0 must reply, or decline, before it goes on; from others the next question declines. */
const mustResume = ({ protocolVersion }: ChatRequest, said: Said) =>
  isModern(protocolVersion) && said.messages.length > 0;

const toResultPart = ({ tool_call_id: id, result }: Said["results"][number]): ChatPart => ({
  ...{ type: "tool-result", id, ...result },
});

const toHistory = (thread: ChatMessage[], { session_id, messages }: ChatRequest): ChatPart[] =>
  toSnapshots(toAgUiMessages(thread, session_id, messages), messages).map((snapshot) => ({
    ...{ type: "history", messages: snapshot },
  }));

/** What the last answer rests on; nothing when it rests on nothing. */
function toRecall(thread: ChatMessage[]): ChatPart[] {
  const { references = [], citations = [] } = thread.at(-1)?.metadata ?? {};
  if (references.length === 0) return [];
  return [{ type: "recall", references, citations } as ChatPart];
}

const toFinish = ({ name: model }: ChatModel, thread: ChatMessage[]): ChatPart => ({
  type: "finish",
  summary: { model, usage: {}, latency_ms: 0, hits: 0 },
  interrupts: pendingInterrupts(thread),
});

async function untilOver(live: LiveRun, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    signal.throwIfAborted();
    await Promise.race([live.ended, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
