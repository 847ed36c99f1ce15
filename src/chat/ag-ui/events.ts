import { type AGUIEvent, EventType, type Interrupt, PROTOCOL_VERSION } from "@ag-ui/core";
import { ERRORS, type ErrorCode } from "../../errors";
import type { Citation } from "../../retrieval/search";
import type { UnsupportedSentence } from "../citations/check";
import type { ChatPart, ThreadPart } from "../parts";
import type { PendingInterrupt } from "../thread/interrupts";
import type { AgUiRequest } from "./request";
import { messageMetadata, toSnapshots } from "./snapshots";

/** A run as its events describe it. */
export type AgUiRun = Pick<
  AgUiRequest,
  "threadId" | "run_id" | "client" | "session_id" | "course_id" | "messages" | "state"
> & {
  request_id: string;
  model: string;
};

/**
 * Converts the parts of a run to AG-UI events, one batch of events for each batch of parts.
 *
 * Guarantees the rules that AG-UI clients check:
 * - RUN_STARTED is the first event;
 * - exactly one RUN_FINISHED or RUN_ERROR is the last event, and everything open is closed before it,
 *   also when the parts end early or throw;
 * - a text message opens with its first text, closes before a tool call, and has the id of its row;
 * - no field is null, and the client gets only the shapes that its capabilities name.
 */
export async function* toAgUiEvents(
  parts: AsyncIterable<ChatPart[]>,
  run: AgUiRun,
): AsyncGenerator<AGUIEvent[]> {
  const writer = new AgUiEventWriter(run);
  try {
    // Reads to the end of the parts, because only then they count as delivered.
    for await (const batch of parts) {
      const events = writer.write(batch);
      if (events.length > 0) yield events;
    }
    if (!writer.isOver) yield writer.fail("chat_interrupted");
  } catch {
    // The cause is logged where the parts are made; the client needs to know only that the run ended.
    if (!writer.isOver) yield writer.fail("internal");
  }
}

type StepPart = Extract<ChatPart, { type: `step-${string}` | "text" }>;
type ReasoningPart = Extract<ChatPart, { type: `reasoning${string}` }>;
type ToolCallPart = Extract<ChatPart, { type: `tool-${string}` }>;
type EndPart = Extract<ChatPart, { type: "finish" | "abort" | "error" }>;
type FinishPart = Extract<ChatPart, { type: "finish" }>;

/** The name of the step in which our tools search and read the course. */
const RETRIEVAL = "retrieval";

/** Writes the events of one run and tracks which of them are open. */
class AgUiEventWriter {
  isOver = false;
  #events: AGUIEvent[] = [];
  #isStarted = false;
  #messageId = "";
  #textIsOpen = false;
  #reasoningId = "";
  #isRetrieving = false;
  readonly #openCalls = new Set<string>();
  #references: Citation[] = [];
  #citations: Citation[] = [];
  #unsupported: UnsupportedSentence[] = [];
  #suggestions: string[] = [];
  /** Operations for the client's state that are not sent yet. */
  readonly #stateChanges: { op: "add" | "replace"; path: string; value: unknown }[] = [];

  constructor(readonly run: AgUiRun) {}

  write(parts: ChatPart[]): AGUIEvent[] {
    for (const part of parts) if (!this.isOver) this.#write(part);
    return this.#take();
  }

  /** Closes everything open and ends the run with the public title of the error. */
  fail(code: ErrorCode): AGUIEvent[] {
    if (!this.#isStarted) this.#start();
    this.#fail(code);
    return this.#take();
  }

  #take(): AGUIEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #write(part: ChatPart): void {
    if (part.type === "run-start") this.#messageId = part.message_id;
    // A run that fails before it is resolved has no other part than the error.
    if (!this.#isStarted) this.#start();
    switch (part.type) {
      case "text":
      case "step-start":
      case "step-end":
        this.#writeStep(part);
        break;
      case "reasoning-start":
      case "reasoning":
      case "reasoning-end":
        this.#writeReasoning(part);
        break;
      case "tool-start":
      case "tool-input":
      case "tool-end":
      case "tool-result":
        this.#writeTool(part);
        break;
      case "retrieval-start":
        this.#isRetrieving = true;
        this.#events.push({ type: EventType.STEP_STARTED, stepName: RETRIEVAL });
        break;
      case "retrieval-end":
        this.#endRetrieval();
        break;
      case "references":
        this.#writeReferences(part.references);
        this.#writeState();
        break;
      case "recall":
        this.#writeReferences(part.references);
        this.#writeState();
        this.#writeCitations(part.citations, part.unsupported);
        this.#writeSuggestions(part.suggestions);
        break;
      case "suggestions":
        this.#writeSuggestions(part.questions);
        break;
      case "thread":
        this.#writeThread(part);
        break;
      case "run-start":
        break;
      default:
        this.#writeEnd(part);
    }
  }

  #start(): void {
    this.#isStarted = true;
    const { threadId, run_id: runId, state, course_id } = this.run;
    const metadata = this.#metadata();
    this.#events.push({
      type: EventType.RUN_STARTED,
      threadId,
      runId,
      metadata,
      protocolVersion: PROTOCOL_VERSION,
    });
    if (!state) return;
    const { last_message_id = null } = state;
    const snapshot = { ...state, course_id, references: [], last_message_id };
    this.#events.push({ type: EventType.STATE_SNAPSHOT, snapshot });
  }

  /** A client that has all answers needs only the results that were made from its replies. */
  #writeThread(part: ThreadPart): void {
    const { session_id, messages: clientMessages } = this.run;
    const snapshots = toSnapshots(part, session_id, clientMessages);
    for (const messages of snapshots) {
      this.#events.push({ type: EventType.MESSAGES_SNAPSHOT, messages });
    }
    if (snapshots.length > 0) return;
    for (const { tool_call_id, result } of part.replies) {
      this.#writeResult(tool_call_id, result);
    }
  }

  #writeStep(part: StepPart): void {
    if (part.type === "text") {
      if (!this.#textIsOpen) this.#openText();
      const messageId = this.#messageId;
      this.#events.push({ type: EventType.TEXT_MESSAGE_CONTENT, messageId, delta: part.delta });
    } else if (part.type === "step-start") {
      this.#messageId = part.message_id;
    } else {
      const { answer } = part;
      this.#endReasoning();
      this.#endCalls();
      this.#closeText(messageMetadata(answer, this.run.session_id));
      const { citations = [], unsupported = [] } = answer.metadata;
      if (answer.content !== "") {
        this.#writeCitations(citations as Citation[], unsupported as UnsupportedSentence[]);
      }
    }
  }

  #writeReasoning(part: ReasoningPart): void {
    if (part.type === "reasoning-start") {
      const messageId = part.message_id;
      this.#reasoningId = messageId;
      this.#events.push(
        { type: EventType.REASONING_START, messageId },
        { type: EventType.REASONING_MESSAGE_START, messageId, role: "reasoning" },
      );
    } else if (part.type === "reasoning") {
      const messageId = this.#reasoningId;
      const { delta } = part;
      this.#events.push({ type: EventType.REASONING_MESSAGE_CONTENT, messageId, delta });
    } else {
      this.#endReasoning();
    }
  }

  #writeTool(part: ToolCallPart): void {
    const toolCallId = part.id;
    if (part.type === "tool-start") {
      this.#closeText();
      this.#openCalls.add(toolCallId);
      this.#events.push({
        type: EventType.TOOL_CALL_START,
        toolCallId,
        toolCallName: part.name,
        parentMessageId: this.#messageId,
      });
    } else if (part.type === "tool-input") {
      this.#events.push({ type: EventType.TOOL_CALL_ARGS, toolCallId, delta: part.delta });
    } else if (part.type === "tool-end") {
      if (!this.#openCalls.delete(toolCallId)) return;
      this.#events.push({ type: EventType.TOOL_CALL_END, toolCallId });
    } else {
      this.#writeResult(toolCallId, part);
    }
  }

  #writeResult(toolCallId: string, result: { message_id: string; content: string }): void {
    const { message_id: messageId, content } = result;
    const type = EventType.TOOL_CALL_RESULT;
    this.#events.push({ type, toolCallId, messageId, content, role: "tool" });
  }

  #writeReferences(references: Citation[]): void {
    const { session_id } = this.run;
    this.#references = references;
    const value = { session_id, message_id: this.#messageId, references };
    this.#events.push({ type: EventType.CUSTOM, name: "knowledge_references", value });
    this.#stateChanges.push({ op: "replace", path: "/references", value: references });
  }

  #writeState(): void {
    const delta = this.#stateChanges.splice(0);
    if (!this.run.state || delta.length === 0) return;
    this.#events.push({ type: EventType.STATE_DELTA, delta });
  }

  /**
   * Sends the references again, with the exact positions of those that the answer cites. The state gets
   * them at the end, together with the confirmation.
   */
  #writeCitations(citations: Citation[], unsupported: UnsupportedSentence[]): void {
    this.#citations = citations;
    this.#unsupported = unsupported;
    if (citations.length === 0) return;
    const known = [...this.#references, ...citations].map((one) => [one.number, one] as const);
    this.#writeReferences([...new Map(known).values()]);
  }

  #writeSuggestions(questions: string[]): void {
    if (questions.length === 0) return;
    this.#suggestions = questions;
    const value = { session_id: this.run.session_id, message_id: this.#messageId, questions };
    this.#events.push({ type: EventType.CUSTOM, name: "suggested_questions", value });
  }

  #writeEnd(part: EndPart): void {
    if (part.type === "error") {
      this.#fail(part.error.errorCode);
    } else if (part.type === "finish") {
      this.#close();
      this.#confirmDelivery();
      this.#writeState();
      this.#events.push(this.#finished(part));
    } else if (this.run.client.cancelledOutcome) {
      this.#close();
      this.#writeState();
      const { threadId, run_id: runId } = this.run;
      const metadata = this.#metadata();
      const outcome = { type: "cancelled" } as const;
      this.#events.push({ type: EventType.RUN_FINISHED, threadId, runId, metadata, outcome });
    } else {
      this.#fail("chat_interrupted");
    }
  }

  /** The client sends this id again with its state, and so confirms that it received the answer. */
  #confirmDelivery(): void {
    const value = this.#messageId;
    if (value !== "") this.#stateChanges.push({ op: "add", path: "/last_message_id", value });
  }

  #fail(code: ErrorCode): void {
    this.#close();
    this.#writeState();
    this.#events.push({ type: EventType.RUN_ERROR, message: ERRORS[code].title, code });
  }

  #finished({ summary: { model, usage, ...summary }, interrupts }: FinishPart): AGUIEvent {
    const { threadId, run_id: runId, client } = this.run;
    const [provider = "", ...name] = model.split(":");
    const metadata = this.#metadata({ usage, ...summary });
    const sources = {
      citations: this.#citations,
      ...(this.#unsupported.length > 0 && { unsupported: this.#unsupported }),
      knowledge_references: this.#references,
      ...(this.#suggestions.length > 0 && { suggested_questions: this.#suggestions }),
    };
    const [first, ...others] = interrupts.map(toAgUiInterrupt);
    return {
      type: EventType.RUN_FINISHED,
      threadId,
      runId,
      metadata,
      result: { ...metadata, ...sources },
      ...(client.interrupts &&
        first && { outcome: { type: "interrupt", interrupts: [first, ...others] } }),
      ...(Object.keys(usage).length > 0 && {
        usage: [{ provider, model: name.join(":"), ...usage }],
      }),
    };
  }

  #metadata(more: object = {}) {
    const { session_id, course_id, request_id, model } = this.run;
    const run_metadata = { request_id, course_id, model, ...more };
    const message_id = this.#messageId;
    return { session_id, ...(message_id !== "" && { message_id }), run_metadata };
  }

  #close(): void {
    this.isOver = true;
    this.#endReasoning();
    this.#endCalls();
    this.#endRetrieval();
    this.#closeText();
  }

  #endRetrieval(): void {
    if (!this.#isRetrieving) return;
    this.#isRetrieving = false;
    this.#events.push({ type: EventType.STEP_FINISHED, stepName: RETRIEVAL });
  }

  #openText(): void {
    this.#textIsOpen = true;
    const messageId = this.#messageId;
    const metadata = { message_id: messageId, session_id: this.run.session_id };
    const type = EventType.TEXT_MESSAGE_START;
    this.#events.push({ type, role: "assistant", messageId, metadata });
  }

  #closeText(metadata?: Record<string, unknown>): void {
    if (!this.#textIsOpen) return;
    this.#textIsOpen = false;
    const end = { type: EventType.TEXT_MESSAGE_END, messageId: this.#messageId } as const;
    this.#events.push(metadata ? { ...end, metadata } : end);
  }

  #endCalls(): void {
    for (const toolCallId of this.#openCalls) {
      this.#events.push({ type: EventType.TOOL_CALL_END, toolCallId });
    }
    this.#openCalls.clear();
  }

  #endReasoning(): void {
    if (this.#reasoningId === "") return;
    const messageId = this.#reasoningId;
    this.#events.push({ type: EventType.REASONING_MESSAGE_END, messageId });
    this.#events.push({ type: EventType.REASONING_END, messageId });
    this.#reasoningId = "";
  }
}

const toAgUiInterrupt = (interrupt: PendingInterrupt): Interrupt => ({
  ...interrupt,
  toolCallId: interrupt.id,
  reason: "input_required",
});
