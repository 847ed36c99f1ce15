import { type AgentSubscriber, HttpAgent } from "@ag-ui/client";
import type { Context, Message, Tool } from "@ag-ui/core";
import { type ChatSession, dataOf, LecternError } from "@lectern/client";
import type { UnsupportedSentence } from "../../src/chat/citations/check";
import { BASE_URL } from "../server/base-url";
import { isKeyRefused, isUnreachable, lectern, reasonOf } from "../server/client";
import { credentialHeaders, isShared } from "../server/credential";
import { fetchStream } from "../server/fetch-stream";
import { problemTitle } from "../text/problem-titles";
import { strings } from "../text/strings";
import { type ConversationState, ConversationStore } from "./conversation-store";
import { type Exchange, newExchange, type Reference, readSession } from "./exchange";
import { isBegunHere, rememberThread } from "./history";
import { joinText } from "./join-text";
import { newId } from "./new-id";

export type ConversationOptions = {
  course_id: string;
  thread_id: string;
  /** Where the reader is, sent with each question. */
  position: () => { asset_id: string; page?: number; time_ms?: number } | undefined;
  /** Opens a source that the model shows. Returns false if it cannot. */
  showSource: (reference: Reference) => boolean;
};

type RunOptions = {
  /** Replies to the questions of the model. */
  resume?: NonNullable<Parameters<HttpAgent["runAgent"]>[0]>["resume"];
  /** Follows an answer in progress instead of asking for one. */
  rejoin?: boolean | undefined;
};

const SHOW_SOURCE: Tool = {
  name: "show_source",
  description: "Opens a cited source beside the conversation",
  parameters: {
    type: "object",
    properties: { citation: { type: "integer" } },
    required: ["citation"],
  },
};

/** How long the server writes an answer for a page that is reloaded, in milliseconds. */
const LINGER_MS = 20_000;
/** The pauses before a run is rejoined whose connection broke, in milliseconds. Together less than the grace period. */
const REJOIN_PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000];
/** A stop can arrive before the run that it stops. It is sent again after this time, in milliseconds. */
const STOP_AGAIN_MS = 1_000;

/** A run can call `show_source` once, so a second round ends it. */
const MAX_ROUNDS = 3;
/** The last message asks the reader, or calls a tool of the page. */
function isWaitingForReply({ messages }: ChatSession): boolean {
  const { metadata } = messages.at(-1) ?? {};
  return Array.isArray(metadata?.tool_calls) && metadata.tool_calls.length > 0;
}

/** A thread, and what the reader can do with it. Its state for the page is in `store`. */
export class Conversation {
  readonly store = new ConversationStore();
  readonly #agent: HttpAgent;
  #isStopped = false;
  /** The run to rejoin has ended or is on another process. */
  #isGone = false;
  /** The question that was not sent. It is shown until the next one. */
  #unsentId: string | undefined;
  /** A run has sent text, or the beginning of an answer again. */
  #hasSentText = false;

  constructor(readonly options: ConversationOptions) {
    this.#agent = new HttpAgent({
      url: `${BASE_URL}/api/chat/stream`,
      threadId: options.thread_id,
      headers: credentialHeaders(),
      fetch: fetchStream,
    });
    this.#agent.use(joinText);
  }

  get #state(): ConversationState {
    return this.store.getState();
  }

  /** Reads the stored conversation, and rejoins its answer if one is being written. */
  async restore(): Promise<void> {
    this.store.change({ status: "loading", unreadReason: undefined });
    try {
      const session = await this.#readStored();
      this.#showStored(session);
      if (session.is_answering || isWaitingForReply(session)) await this.#rejoin();
    } catch (error) {
      this.store.change(this.#explainUnread(error));
    }
  }

  #explainUnread(error: unknown): Partial<ConversationState> {
    if (isKeyRefused(error)) return { status: "ready", keyRefused: true };
    if (isUnreachable(error)) return { status: "unread" };
    if (error instanceof LecternError && error.status === 404)
      return { status: isBegunHere(this.options.thread_id) ? "ready" : "missing" };
    return { status: "unread", unreadReason: reasonOf(error) };
  }

  #readStored(): Promise<ChatSession> {
    const params = { path: { id: this.options.thread_id } };
    return dataOf(lectern.GET("/api/chat/sessions/{id}", { params }));
  }

  #showStored(session: ChatSession): void {
    this.#agent.setMessages(
      session.messages
        .filter(({ role, content }) => role === "user" || content !== "")
        .map(({ id, role, content }) => ({ id, role, content }) as Message),
    );
    const last = session.messages.at(-1);
    this.#agent.setState(last?.role === "assistant" ? { last_message_id: last.id } : {});
    this.store.change({ status: "ready", ...readSession(session) });
  }

  /** Follows the answer in progress from its beginning, or shows what is stored if it has ended. */
  async #rejoin(): Promise<void> {
    this.store.updateLast({ status: "running", started: Date.now() });
    const isSent = await this.#run({ rejoin: true });
    if (!isSent) this.#showStored(await this.#readStored());
  }

  /** Asks, or replies to the question of the model. */
  async ask(text: string): Promise<void> {
    if (this.#state.status === "running") return;
    const question = { id: newId(), text };
    const { course_id, thread_id } = this.options;
    const title = this.#state.exchanges[0]?.question ?? text;
    const resume = this.#agent.pendingInterrupts.map(({ id: interruptId }) => ({
      interruptId,
      status: "resolved" as const,
      payload: { answer: text },
    }));
    this.store.change({
      exchanges: this.#state.exchanges.filter(({ id }) => id !== this.#unsentId),
    });
    // A copy, because the agent adds to its own list.
    const before = [...this.#agent.messages];
    if (resume.length === 0) {
      this.#agent.addMessage({ id: question.id, role: "user", content: text });
    }
    this.store.add(newExchange(question.id, text));
    const isSent = await this.#run(resume.length > 0 ? { resume } : {}, () =>
      rememberThread({ id: thread_id, course_id, title }),
    );
    if (isSent) return;
    // The question returns to the box, so that it is not lost.
    this.#agent.setMessages(before);
    this.#unsentId = question.id;
    this.store.change({ unsent: text });
  }

  /** Answers a question again. What followed it is replaced. */
  async regenerate(id: string): Promise<void> {
    const exchange = this.#state.exchanges.find((one) => one.id === id);
    if (exchange) await this.#replaceFrom(exchange, exchange.question);
  }

  /** Replaces a question and what followed it. */
  async edit(id: string, text: string): Promise<void> {
    const exchange = this.#state.exchanges.find((one) => one.id === id);
    if (exchange) await this.#replaceFrom(exchange, text);
  }

  /** Finishes an answer that was interrupted. */
  async finish(): Promise<void> {
    const last = this.#state.exchanges.at(-1);
    if (!last || this.#state.status === "running") return;
    this.store.replaceLast({ ...newExchange(last.id, last.question) });
    this.#agent.setState({});
    if (await this.#run()) return;
    // What was written of the answer stays, with the reason and the button.
    this.store.replaceLast({ ...last, problem: this.store.last.problem });
  }

  /** Stops the model. */
  stop(): void {
    this.#isStopped = true;
    this.#agent.abortRun();
    if (this.#lingerMs > 0) void this.#stopOnServer();
  }

  /** Ends the connection. The server writes the answer for a while, so that the reader can return. */
  leave(): void {
    this.#isStopped = true;
    this.#agent.abortRun();
  }

  async #stopOnServer(): Promise<void> {
    const params = { path: { id: this.options.thread_id } };
    const stop = async () => {
      const answer = await lectern.POST("/api/chat/sessions/{id}/stop", { params });
      return answer.data?.stopped ?? false;
    };
    if (await stop().catch(() => true)) return;
    await new Promise((resolve) => setTimeout(resolve, STOP_AGAIN_MS));
    if (this.#isStopped) await stop().catch(() => {});
  }

  /** Behind a share link, stored conversations cannot be read, so an answer cannot be rejoined. */
  get #lingerMs(): number {
    return isShared() ? 0 : LINGER_MS;
  }

  /** The server can be reached again. The question stays in the box. */
  takeUnsent(): void {
    this.store.change({ unsent: undefined });
  }

  /** Marks the sources whose material was replaced since. */
  async refreshSources(): Promise<void> {
    if (this.#state.exchanges.length === 0 || this.#state.status === "running") return;
    const params = { path: { id: this.options.thread_id } };
    const answer = await lectern.GET("/api/chat/sessions/{id}", { params }).catch(() => undefined);
    // A share link shows no stored conversation, so nothing is marked.
    if (!answer?.data) return;
    const known = this.#state.references;
    const replaced = [...readSession(answer.data).references.values()].flatMap((reference) => {
      const shown = known.get(reference.number);
      return shown && reference.replaced ? { ...shown, replaced: reference.replaced } : [];
    });
    this.store.putReferences(replaced);
  }

  async #replaceFrom(exchange: Exchange, text: string): Promise<void> {
    if (this.#state.status === "running") return;
    const { exchanges } = this.#state;
    const index = exchanges.indexOf(exchange);
    const messages = [...this.#agent.messages];
    const at = messages.findIndex(({ id }) => id === exchange.id);
    if (at < 0) return;
    this.#agent.setMessages([
      ...messages.slice(0, at),
      { id: exchange.id, role: "user", content: text },
    ]);
    this.store.change({ exchanges: exchanges.slice(0, index) });
    this.store.add(newExchange(exchange.id, text));
    if (await this.#run()) return;
    // Nothing was replaced on the server. The question returns to the box, so that it is not lost.
    this.#agent.setMessages(messages);
    this.store.change({ exchanges, unsent: text });
  }

  /**
   * Runs until the answer is complete.
   *
   * @param onReceived called when the server has the question, which is the beginning of a thread
   * @returns false if the server did not receive the question
   */
  async #run({ resume, rejoin }: RunOptions = {}, onReceived = () => {}): Promise<boolean> {
    this.#isStopped = false;
    this.store.change({ status: "running", unsent: undefined, keyRefused: false });
    this.#agent.headers = credentialHeaders();
    let isReceived = false;
    try {
      const subscriber = this.#subscriber(() => {
        isReceived = true;
        onReceived();
      });
      let next: RunOptions = { resume, rejoin };
      for (let round = 0; round < MAX_ROUNDS; round++) {
        if (!(await this.#runOnce(next, subscriber, () => isReceived))) return true;
        if (this.#isStopped || !this.#answerToolCalls()) break;
        next = {};
      }
      this.#end(this.#isStopped ? "stopped" : "complete");
    } catch (error) {
      if (this.#isStopped) this.#end("stopped");
      else if (!isReceived && (isUnreachable(error) || isKeyRefused(error))) {
        const reason = isUnreachable(error)
          ? `${reasonOf(error)} ${strings.questionKept}`
          : reasonOf(error);
        this.#end("failed", reason, isKeyRefused(error));
        return false;
      } else this.#end("failed", reasonOf(error));
    }
    return true;
  }

  /**
   * One run. Rejoins it if its connection breaks, while the server waits for the reader.
   *
   * @returns false if the answer to rejoin has ended, so that the stored one is shown
   */
  async #runOnce(
    options: RunOptions,
    subscriber: AgentSubscriber,
    isReceived: () => boolean,
  ): Promise<boolean> {
    let { resume, rejoin } = options;
    for (let breaks = 0; ; breaks++) {
      if (rejoin) this.#forgetMessages();
      try {
        await this.#agent.runAgent(
          {
            forwardedProps: {
              course_id: this.options.course_id,
              linger_ms: this.#lingerMs,
              ...(rejoin && { rejoin }),
            },
            context: this.#context(),
            tools: [SHOW_SOURCE],
            ...(resume && { resume }),
          },
          subscriber,
        );
        break;
      } catch (error) {
        const pause = REJOIN_PAUSES_MS[breaks];
        const canReturn = this.#lingerMs > 0 && isReceived() && isUnreachable(error);
        if (this.#isStopped || !canReturn || pause === undefined) throw error;
        this.store.updateLast({ activity: "reconnecting", problem: undefined });
        await new Promise((resolve) => setTimeout(resolve, pause));
        resume = undefined;
        rejoin = true;
      }
    }
    // Without text the answer had ended before: it is read as it is stored.
    const isRepeated = this.#hasSentText || this.#agent.pendingInterrupts.length > 0;
    if (!rejoin || (isRepeated && !this.#isGone)) return true;
    this.#showStored(await this.#readStored());
    return false;
  }

  /** The server sends the thread to a client without messages. */
  #forgetMessages(): void {
    this.#agent.setMessages([]);
    this.#agent.setState({});
    this.#isGone = false;
    this.#hasSentText = false;
  }

  #context(): Context[] {
    const position = this.options.position();
    if (!position) return [];
    return [{ description: "lectern.position", value: JSON.stringify(position) }];
  }

  /** Answers the calls of `show_source`. False without a call. */
  #answerToolCalls(): boolean {
    const { messages } = this.#agent;
    const answered = new Set(
      messages.flatMap((one) => (one.role === "tool" ? one.toolCallId : [])),
    );
    const calls = messages
      .slice(messages.findLastIndex(({ role }) => role === "user"))
      .flatMap((one) => (one.role === "assistant" ? (one.toolCalls ?? []) : []))
      .filter(({ id, function: { name } }) => name === SHOW_SOURCE.name && !answered.has(id));
    for (const { id, function: call } of calls) {
      const result = this.#showSource(call.arguments);
      const content = JSON.stringify(result);
      this.#agent.addMessage({ id: newId(), role: "tool", toolCallId: id, content });
    }
    return calls.length > 0;
  }

  #showSource(input: string): { applied: boolean; at?: string } {
    try {
      const { citation } = JSON.parse(input) as { citation?: number };
      const reference = this.#state.references.get(Number(citation));
      if (!reference || !this.options.showSource(reference)) return { applied: false };
      return { applied: true, at: String(reference.page_number ?? reference.start_ms ?? "") };
    } catch {
      return { applied: false };
    }
  }

  #subscriber(onReceived: () => void): AgentSubscriber {
    return {
      onRunStartedEvent: onReceived,
      onStepStartedEvent: ({ event }) => this.store.updateLast({ activity: event.stepName }),
      onToolCallStartEvent: ({ event }) => this.store.updateLast({ activity: event.toolCallName }),
      onTextMessageStartEvent: ({ event }) => {
        const part = { id: event.messageId, text: "", unsupported: [] };
        // A run that is joined repeats the beginning of its answer.
        this.#hasSentText = true;
        const others = this.store.last.parts.filter(({ id }) => id !== event.messageId);
        this.store.updateLast({ activity: undefined, parts: [...others, part] });
      },
      onTextMessageContentEvent: ({ event }) =>
        this.store.updatePart(event.messageId, (part) => ({
          ...part,
          text: part.text + event.delta,
        })),
      onTextMessageEndEvent: ({ event }) => {
        const { metadata } = event as { metadata?: { unsupported?: UnsupportedSentence[] } };
        const unsupported = metadata?.unsupported;
        if (unsupported)
          this.store.updatePart(event.messageId, (part) => ({ ...part, unsupported }));
      },
      onCustomEvent: ({ event }) => this.#readCustom(event),
      onRunErrorEvent: ({ event }) => {
        // The client makes such an event from its own abort.
        if (this.#isStopped) return;
        if (event.code === "answer_not_running") this.#isGone = true;
        else this.store.updateLast({ problem: problemTitle(event.code) ?? event.message });
      },
    };
  }

  #readCustom({ name, value }: { name: string; value?: unknown }): void {
    const { references = [], questions = [] } = Object(value) as {
      references?: Reference[];
      questions?: string[];
    };
    if (name === "suggested_questions") this.store.updateLast({ suggestions: questions });
    if (name === "knowledge_references") this.store.putReferences(references);
  }

  #end(status: "complete" | "stopped" | "failed", problem?: string, keyRefused = false): void {
    const [interrupt] = this.#agent.pendingInterrupts;
    const choices: string[] = interrupt?.responseSchema?.properties?.answer?.enum ?? [];
    const asked = interrupt && { message: interrupt.message ?? strings.pleaseReply, choices };
    const failure = problem ?? this.store.last.problem;
    this.store.updateLast({
      status: failure ? "failed" : status,
      activity: undefined,
      problem: failure,
      asked,
    });
    this.store.change({ status: "ready", keyRefused });
  }
}
