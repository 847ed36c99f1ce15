import { type AGUIEvent, EventType, PROTOCOL_VERSION } from "@ag-ui/core";
import type { NewAnswer } from "../db/chat";
import { ERRORS } from "../errors";
import type { Citation } from "../retrieval/search";
import { messageMetadata } from "./history";
import type { ChatPart, RunSummary } from "./parts";

/** What a run's events say of it. */
export type RunIdentity = {
  threadId: string;
  runId: string;
  /** As the client announced it; clients older than 1.0 announce none. */
  protocolVersion: string | undefined;
  session_id: string;
  /** The id that the answer's first message is expected to have. */
  message_id: string;
  course_id: string;
  request_id: string;
  model: string;
  /** State that the client shares; left out, none is sent. */
  state: Record<string, unknown> | undefined;
};

/**
 * Retells a run as AG-UI events, as many at a time as there are parts.
 *
 * Guarantees what AG-UI clients check:
 * - RUN_STARTED comes first, before the first part is even asked for;
 * - exactly one of RUN_FINISHED and RUN_ERROR comes last, and before it everything that was opened
 *   is closed, also when the parts end early or throw;
 * - a text message opens with its first words, closes before a tool call, and has its row's id;
 * - no field is null, and shapes of 1.0 go to clients of 1.0 only.
 */
export async function* toAgUiEvents(
  parts: AsyncIterable<ChatPart[]>,
  run: RunIdentity,
): AsyncGenerator<AGUIEvent[]> {
  const teller = new Teller(run);
  yield teller.begin();
  try {
    for await (const batch of parts) {
      const events: AGUIEvent[] = [];
      for (const part of batch) teller.tell(part, events);
      if (events.length > 0) yield events;
      if (teller.isOver) return;
    }
    yield teller.fail("chat_interrupted");
  } catch {
    // The cause is logged where the parts are made; a client only needs to know that it ended.
    yield teller.fail("internal");
  }
}

class Teller {
  readonly #isModern: boolean;
  #messageId: string;
  #thoughtId = "";
  #textIsOpen = false;
  readonly #openCalls = new Set<string>();
  #references: Citation[] = [];
  #citations: unknown[] = [];
  isOver = false;

  constructor(readonly run: RunIdentity) {
    this.#messageId = run.message_id;
    this.#isModern = Number.parseFloat(run.protocolVersion ?? "0") >= 1;
  }

  begin(): AGUIEvent[] {
    const { threadId, runId, state, course_id } = this.run;
    const started: AGUIEvent = {
      ...{ type: EventType.RUN_STARTED, threadId, runId },
      ...(this.#isModern && { protocolVersion: PROTOCOL_VERSION }),
      metadata: this.#metadata(),
    };
    const snapshot = { ...state, course_id, references: [] };
    return state ? [started, { type: EventType.STATE_SNAPSHOT, snapshot }] : [started];
  }

  tell(part: ChatPart, events: AGUIEvent[]): void {
    const messageId = this.#messageId;
    switch (part.type) {
      case "text":
        if (!this.#textIsOpen) this.#openText(events);
        events.push({ type: EventType.TEXT_MESSAGE_CONTENT, messageId, delta: part.delta });
        break;
      case "step-start":
        this.#messageId = part.message_id;
        break;
      case "step-end":
        this.#endStep(part.answer, events);
        break;
      case "reasoning-start":
        this.#thoughtId = part.message_id;
        events.push({ type: EventType.REASONING_START, messageId: part.message_id });
        events.push({
          ...{ type: EventType.REASONING_MESSAGE_START, role: "reasoning" },
          messageId: part.message_id,
        });
        break;
      case "reasoning":
        events.push({
          type: EventType.REASONING_MESSAGE_CONTENT,
          messageId: this.#thoughtId,
          delta: part.delta,
        });
        break;
      case "reasoning-end":
        this.#endThought(events);
        break;
      case "tool-start":
        this.#closeText(events);
        this.#openCalls.add(part.id);
        events.push({
          type: EventType.TOOL_CALL_START,
          toolCallId: part.id,
          toolCallName: part.name,
          parentMessageId: messageId,
        });
        break;
      case "tool-input":
        events.push({ type: EventType.TOOL_CALL_ARGS, toolCallId: part.id, delta: part.delta });
        break;
      case "tool-end":
        if (this.#openCalls.delete(part.id)) {
          events.push({ type: EventType.TOOL_CALL_END, toolCallId: part.id });
        }
        break;
      case "tool-result":
        events.push({
          type: EventType.TOOL_CALL_RESULT,
          messageId: part.message_id,
          toolCallId: part.id,
          content: part.content,
          role: "tool",
        });
        break;
      case "references":
        this.#refer(part.references, events);
        break;
      case "history":
        events.push({ type: EventType.MESSAGES_SNAPSHOT, messages: part.messages });
        break;
      case "finish":
        this.#close(events);
        events.push(this.#finished(part.summary));
        break;
      case "abort":
        events.push(...this.#abort());
        break;
      case "error":
        events.push(...this.fail(part.error.errorCode));
        break;
    }
  }

  /** Closes what is open and ends the run with a text that gives nothing away. */
  fail(code: keyof typeof ERRORS): AGUIEvent[] {
    const events: AGUIEvent[] = [];
    this.#close(events);
    events.push({ type: EventType.RUN_ERROR, message: ERRORS[code].title, code });
    return events;
  }

  #abort(): AGUIEvent[] {
    if (!this.#isModern) return this.fail("chat_interrupted");
    const { threadId, runId } = this.run;
    const events: AGUIEvent[] = [];
    this.#close(events);
    events.push({
      ...{ type: EventType.RUN_FINISHED, threadId, runId },
      outcome: { type: "cancelled" },
      metadata: this.#metadata(),
    });
    return events;
  }

  /** The end of a message carries its citations, unless it ended before them with a tool call. */
  #endStep(answer: NewAnswer, events: AGUIEvent[]): void {
    this.#endThought(events);
    this.#endCalls(events);
    this.#closeText(events, messageMetadata(answer, this.run.session_id));
    if (answer.content !== "") this.#citations = answer.metadata.citations ?? [];
  }

  #refer(references: Citation[], events: AGUIEvent[]): void {
    const { session_id, state } = this.run;
    this.#references = references;
    events.push({
      type: EventType.CUSTOM,
      name: "knowledge_references",
      value: { session_id, message_id: this.#messageId, references },
    });
    if (!state) return;
    const delta = [{ op: "replace" as const, path: "/references", value: references }];
    events.push({ type: EventType.STATE_DELTA, delta });
  }

  #finished({ model, usage, ...summary }: RunSummary): AGUIEvent {
    const { threadId, runId } = this.run;
    const [provider, ...name] = model.split(":");
    const metadata = this.#metadata({ usage, ...summary });
    return {
      ...{ type: EventType.RUN_FINISHED, threadId, runId, metadata },
      result: {
        ...metadata,
        citations: this.#citations,
        knowledge_references: this.#references,
      },
      ...(Object.keys(usage).length > 0 && {
        usage: [{ provider: provider!, model: name.join(":"), ...usage }],
      }),
    };
  }

  #metadata(more: object = {}) {
    const { session_id, course_id, request_id, model } = this.run;
    const run_metadata = { request_id, course_id, model, ...more };
    return { session_id, message_id: this.#messageId, run_metadata };
  }

  #close(events: AGUIEvent[]): void {
    this.isOver = true;
    this.#endThought(events);
    this.#endCalls(events);
    this.#closeText(events);
  }

  #openText(events: AGUIEvent[]): void {
    this.#textIsOpen = true;
    events.push({
      type: EventType.TEXT_MESSAGE_START,
      messageId: this.#messageId,
      role: "assistant",
      metadata: { message_id: this.#messageId, session_id: this.run.session_id },
    });
  }

  #closeText(events: AGUIEvent[], metadata?: Record<string, unknown>): void {
    if (!this.#textIsOpen) return;
    this.#textIsOpen = false;
    const end = { type: EventType.TEXT_MESSAGE_END, messageId: this.#messageId } as const;
    events.push(metadata ? { ...end, metadata } : end);
  }

  #endCalls(events: AGUIEvent[]): void {
    for (const toolCallId of this.#openCalls)
      events.push({ type: EventType.TOOL_CALL_END, toolCallId });
    this.#openCalls.clear();
  }

  #endThought(events: AGUIEvent[]): void {
    if (this.#thoughtId === "") return;
    events.push({ type: EventType.REASONING_MESSAGE_END, messageId: this.#thoughtId });
    events.push({ type: EventType.REASONING_END, messageId: this.#thoughtId });
    this.#thoughtId = "";
  }
}
