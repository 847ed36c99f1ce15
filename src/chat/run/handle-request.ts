import type { ChatMessage, NewAnswer, NewThreadContent } from "../../db/chat/chat";
import { AppError, ERRORS } from "../../errors";
import type { Log } from "../../log";
import { asAppError } from "../../storage/failure";
import type { ChatPart, ThreadPart } from "../parts";
import type { ChatRequest } from "../request";
import { checkResume, pendingInterrupts } from "../thread/interrupts";
import type { Reconciled, reconcile } from "../thread/reconcile";
import { answerMessageId, lastTurn, type Turn, withoutUnfinished } from "../thread/turn";
import type { SaveAnswer, TurnContext } from "./answer-turn";
import type { LiveRun, LiveRuns, RunWork } from "./live-runs";

/** The dependencies of a request. Tests pass their own work and storage. */
export type RequestDeps = {
  runs: LiveRuns;
  store: ThreadStore;
  reconcile: typeof reconcile;
  /** Makes the work that answers one turn. */
  answerTurn: (context: ThreadRequest, turn: Turn, save: SaveAnswer) => RunWork;
  /** `provider:model` */
  modelName: string;
  log: Pick<Log, "error" | "warn">;
};

export type ThreadStore = {
  list(session_id: string): Promise<ChatMessage[]>;
  /** False when a message was stored already or the thread was deleted. */
  add(session_id: string, content: NewThreadContent & { run_id: string }): Promise<boolean>;
  /** Records whether a client received a complete answer to its end. */
  recordDelivery(session_id: string, turn_id: string, isDelivered: boolean): Promise<void>;
  saveAnswer(
    session_id: string,
    answer: { turn_id: string; run_id: string; steps: NewAnswer[] },
  ): Promise<void>;
};

/** A request with the thread as it was when the request arrived. */
export type ThreadRequest = TurnContext & {
  request: ChatRequest;
  /** The run in progress before the thread was read; it can end before this request is handled. */
  live: LiveRun | undefined;
  /** The request as the beginning of a new thread, which is stored; undefined for a thread that existed. */
  begun?: Reconciled | undefined;
};

/**
 * Stores the new content of a request, then answers it.
 *
 * The signal ends the response. Its reason is sent as an error if it is an AppError, such as a revoked key.
 *
 * A thread has one run at a time. A request without new content joins the run in progress from its
 * beginning; without such a run it repeats an incomplete answer or gets the thread as it is. A
 * request with new content waits for the run in progress, or stops it if its reader has left. The history is reconciled once, and again
 * only if the stored thread changed before this request could answer it.
 */
export async function* handleRunRequest(
  deps: RequestDeps,
  asked: ThreadRequest,
  signal: AbortSignal,
): AsyncGenerator<ChatPart[]> {
  const { request } = asked;
  let resolving: Promise<RunStart> | undefined;
  let start: RunStart | undefined;
  let isDelivered = false;
  try {
    const view = await openView(deps, asked);
    const message_id = answerMessageId(view.reconciled.turn, request.session_id);
    // The question is stored and the model is asked while RUN_STARTED is on its way to the reader.
    resolving = resolveRun(deps, asked, view, signal);
    resolving.catch(() => {}); // handled below, or no reader is left
    yield [{ type: "run-start", message_id }];
    start = await resolving;
    yield start.parts;
    if (start.run) yield* start.run.follow(signal);
    isDelivered = !signal.aborted;
    if (signal.reason instanceof AppError) yield [{ type: "error", error: signal.reason }];
  } catch (caught) {
    if (signal.aborted && !(signal.reason instanceof AppError)) return;
    const err = signal.aborted ? signal.reason : caught;
    const error = asAppError(err);
    const { request_id } = asked;
    // The caller gets its own mistakes as an error; only faults on our side are logged.
    const isOurs = ERRORS[error.errorCode].status >= 500;
    if (isOurs) deps.log.error({ err, request_id }, "a chat request failed");
    yield [{ type: "error", error }];
  } finally {
    // The reader can leave before it follows the run, also before the run begins.
    start ??= await resolving?.catch(() => undefined);
    // A reader whose credential ended cannot return.
    start?.run?.leave(signal.reason instanceof AppError ? 0 : request.linger_ms);
    if (start) void recordDelivery(deps, request.session_id, start, isDelivered);
  }
}

/**
 * Records an answer that no client received to its end, and its delivery later. Answers count as delivered
 * without a record, so that a normal answer costs no statement.
 */
async function recordDelivery(
  { store, log }: RequestDeps,
  session_id: string,
  { run, thread }: RunStart,
  isDelivered: boolean,
): Promise<void> {
  try {
    await run?.ended;
    const turn = lastTurn(thread);
    const wasUndelivered = thread.at(-1)?.metadata.undelivered ?? false;
    // A remaining reader records the delivery itself.
    const isUnread = run !== undefined && !run.isDelivered && !run.hasReaders;
    const isLost = isUnread && !isDelivered && run.isComplete;
    if (turn && (isLost || (wasUndelivered && isDelivered))) {
      await store.recordDelivery(session_id, turn.id, !isLost);
    }
  } catch (err) {
    log.warn({ err, session_id }, "the delivery of an answer was not recorded");
  }
}

/** A thread at one moment, compared with the client's messages. */
type ThreadView = {
  live: LiveRun | undefined;
  /** The thread that the live run answers, or the stored one. */
  thread: ChatMessage[];
  reconciled: Reconciled;
};

async function openView(deps: RequestDeps, asked: ThreadRequest): Promise<ThreadView> {
  const { request, thread, live, begun } = asked;
  const current = deps.runs.find(request.session_id);
  if (begun && !current) return { live: undefined, thread, reconciled: begun };
  const hasEnded = live !== undefined && current !== live;
  return hasEnded ? readView(deps, request) : toView(deps, request, thread);
}

async function readView(deps: RequestDeps, request: ChatRequest): Promise<ThreadView> {
  return toView(deps, request, await deps.store.list(request.session_id));
}

function toView(deps: RequestDeps, request: ChatRequest, stored: ChatMessage[]): ThreadView {
  const live = deps.runs.find(request.session_id);
  const thread = live?.thread ?? stored;
  return { live, thread, reconciled: deps.reconcile(thread, request) };
}

/** The parts to send at once, and the run to follow if there is one. */
type RunStart = {
  parts: ChatPart[];
  run?: LiveRun | undefined;
  /** The thread before the run. */
  thread: ChatMessage[];
};

async function resolveRun(
  deps: RequestDeps,
  asked: ThreadRequest,
  opened: ThreadView,
  signal: AbortSignal,
): Promise<RunStart> {
  let { request } = asked;
  const { session_id } = request;
  // Another request can start or end a run while the thread is read.
  const isCurrent = deps.runs.find(session_id) === opened.live;
  let view = isCurrent ? opened : await readView(deps, request);

  for (;;) {
    const { live, reconciled } = view;
    const isNew = !isEmpty(reconciled.added);
    checkReplies(request, reconciled);
    if (live && !live.isStopped && !isNew) {
      const { thread } = live;
      return { parts: [toThreadPart(thread, reconciled, true)], run: live, thread };
    }
    if (request.joinsOnly && (isNew || (!live && isUnsettled(reconciled)))) {
      throw new AppError("answer_not_running");
    }
    if (live) {
      await live.untilEnded(signal);
    } else {
      const start = await storeAndAnswer(deps, { ...asked, request }, reconciled);
      if (start) return start;
      // A concurrent request stored the same message, for example a repetition of this one.
      request = { ...request, surelyNew: false, canReplace: false };
    }
    const stored = await deps.store.list(session_id);
    if (!live && stored.length === 0) throw new AppError("session_not_found");
    view = toView(deps, request, stored);
  }
}

/**
 * A client that can resume must reply to questions, or decline them, before it asks something else.
 * For other clients the next question declines them.
 */
function checkReplies({ resume, client }: ChatRequest, { added, kept }: Reconciled): void {
  if (resume || (client.interrupts && added.messages.length > 0)) checkResume(kept, resume ?? []);
}

/** Undefined when the content could not be stored as new. */
async function storeAndAnswer(
  deps: RequestDeps,
  asked: ThreadRequest,
  reconciled: Reconciled,
): Promise<RunStart | undefined> {
  const { session_id, run_id, resume } = asked.request;
  const { added, turn } = reconciled;
  const isStored = isEmpty(added) || reconciled === asked.begun;
  const stored = isStored || deps.store.add(session_id, { ...added, run_id });
  const thread = turn ? withoutUnfinished(reconciled.thread, turn) : reconciled.thread;
  // The model is asked while its question is being stored; its parts are sent after that.
  const run =
    turn && !turn.settled ? startAnswer(deps, { ...asked, thread }, turn, stored) : undefined;
  if (!(await confirmStoredOrStop(stored, run))) return undefined;

  const sent = new Set(asked.request.messages.map(({ id }) => id));
  const replies = added.results.filter(
    ({ result }) => (resume || result.late) && !sent.has(result.message_id),
  );
  const threadPart = toThreadPart(thread, reconciled, !run || isEmpty(added), replies);
  if (run) return { parts: [threadPart], run, thread };
  return { parts: [threadPart, ...toRecall(thread), toFinish(deps.modelName, thread)], thread };
}

/** Starts an answer that is saved only if its question is stored. */
function startAnswer(
  { runs, store, answerTurn }: RequestDeps,
  asked: ThreadRequest,
  turn: Turn,
  stored: boolean | Promise<boolean>,
): LiveRun {
  const { request, thread } = asked;
  const { session_id, run_id } = request;
  const save: SaveAnswer = async (steps) => {
    if (await stored) await store.saveAnswer(session_id, { turn_id: turn.id, run_id, steps });
  };
  return runs.start(session_id, thread, answerTurn(asked, turn, save));
}

/** Waits for the question to be stored. If it was not stored, stops the run and waits for its end. */
async function confirmStoredOrStop(
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

/** The last question has no complete answer. */
const isUnsettled = ({ turn }: Reconciled) => turn && !turn.settled;

const isEmpty = ({ messages, results }: NewThreadContent) => messages.length + results.length === 0;

const toThreadPart = (
  rows: ChatMessage[],
  { clientIds }: Reconciled,
  isReplay: boolean,
  replies: ThreadPart["replies"] = [],
): ThreadPart => ({ type: "thread", rows, clientIds, isReplay, replies });

/** The sources of the last answer, if it has any. */
function toRecall(thread: ChatMessage[]): ChatPart[] {
  const {
    references = [],
    citations = [],
    unsupported = [],
    suggested_questions: suggestions = [],
  } = thread.at(-1)?.metadata ?? {};
  if (references.length === 0) return [];
  return [{ type: "recall", references, citations, unsupported, suggestions } as ChatPart];
}

const toFinish = (model: string, thread: ChatMessage[]): ChatPart => ({
  type: "finish",
  summary: { model, usage: {}, latency_ms: 0, hits: 0 },
  interrupts: pendingInterrupts(thread),
});
