import {
  addToThread,
  type ChatMessage,
  listMessages,
  type NewAnswer,
  saveAnswer,
} from "../../db/chat/chat";
import { isDatabaseOutage } from "../../db/client";
import { AppError, ERRORS } from "../../errors";
import type { ChatModel } from "../../providers/chat/chat-model";
import { type ChatRequest, isModern } from "../ag-ui/request";
import { isBehind, toAgUiMessages, toSnapshots } from "../ag-ui/snapshots";
import type { ChatPart } from "../parts";
import { checkResume, pendingInterrupts } from "../thread/interrupts";
import {
  findNew,
  lastTurn,
  type Said,
  type Turn,
  withoutUnfinished,
  withSaid,
} from "../thread/reconcile";
import { type Answerable, type AnswerServices, answer } from "./answer-turn";
import type { LiveRun, Runs } from "./live-runs";

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
  let run: LiveRun | undefined;
  try {
    const telling = await takeFurther(services, conversation, signal);
    run = telling.run;
    if (telling.parts.length > 0) yield telling.parts;
    if (run) yield* run.follow(signal);
  } catch (err) {
    if (signal.aborted) return;
    const code = isDatabaseOutage(err) ? "database_unavailable" : "internal";
    const error = err instanceof AppError ? err : new AppError(code, {}, { cause: err });
    const { request_id } = conversation;
    // A caller's mistake is told to the caller, who is the one to act on it.
    const isOurs = ERRORS[error.errorCode].status >= 500;
    if (isOurs) services.log.error({ err, request_id }, "a conversation failed");
    yield [{ type: "error", error }];
  } finally {
    run?.stopUnheard(); // a reader may leave before it listens
  }
}

/** What is told at once, and the answer that is told as it is given. */
type Telling = { parts: ChatPart[]; run?: LiveRun | undefined };

async function takeFurther(
  services: ChatServices,
  conversation: Conversation,
  signal: AbortSignal,
): Promise<Telling> {
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
      return { parts: toHistory(live.thread, request), run: live };
    }
    if (live) {
      await untilOver(live, signal);
    } else {
      const telling = await storeAndAnswer(services, { ...conversation, thread }, said);
      if (telling) return telling;
      surelyNew = false; // somebody was faster, such as a twin of this request
    }
    thread = await listMessages(db, session_id);
    if (!live && thread.length === 0) throw new AppError("session_not_found");
  }
}

/** Undefined when what was said could not be stored as new. */
async function storeAndAnswer(
  services: ChatServices,
  conversation: Conversation,
  said: Said,
): Promise<Telling | undefined> {
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
  if (!(await orStop(stored, run))) return undefined;
  const isToldAnew = !run || isNothing(said) || isBehind(thread, messages);
  const history = isToldAnew ? toHistory(thread, request) : [];
  if (!run)
    return { parts: [...history, ...toRecall(thread), toFinish(services.chatModel, thread)] };
  return { parts: resume && !isToldAnew ? said.results.map(toResultPart) : history, run };
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
