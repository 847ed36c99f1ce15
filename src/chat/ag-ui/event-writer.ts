import { type AGUIEvent, EventType, type Interrupt, PROTOCOL_VERSION } from "@ag-ui/core";
import { ERRORS, type ErrorCode } from "../../errors";
import type { Citation } from "../../retrieval/search";
import type { ChatPart, RunIdentity } from "../parts";
import { isModern } from "./request";
import { messageMetadata } from "./snapshots";

type StepPart = Extract<ChatPart, { type: `step-${string}` | "text" }>;
type ThoughtPart = Extract<ChatPart, { type: `reasoning${string}` }>;
type ToolPart = Extract<ChatPart, { type: `tool-${string}` }>;
type EndPart = Extract<ChatPart, { type: "finish" | "abort" | "error" }>;
type Finish = Extract<ChatPart, { type: "finish" }>;

/** Knows what is open in a stream of AG-UI events, and so how each part of a run is told. */
export class Teller {
  isOver = false;
  #events: AGUIEvent[] = [];
  #messageId: string;
  #textIsOpen = false;
  #thoughtId = "";
  readonly #openCalls = new Set<string>();
  #references: Citation[] = [];
  #citations: Citation[] = [];

  constructor(readonly run: RunIdentity) {
    this.#messageId = run.message_id;
  }

  start(): AGUIEvent[] {
    const { threadId, runId, state, course_id } = this.run;
    const metadata = this.#metadata();
    this.#events.push({
      ...{ type: EventType.RUN_STARTED, threadId, runId, metadata },
      ...(this.#isModern && { protocolVersion: PROTOCOL_VERSION }),
    });
    const snapshot = { ...state, course_id, references: [] };
    if (state) this.#events.push({ type: EventType.STATE_SNAPSHOT, snapshot });
    return this.#take();
  }

  tell(parts: ChatPart[]): AGUIEvent[] {
    for (const part of parts) this.#tell(part);
    return this.#take();
  }

  /** Closes what is open and ends the run with a text that gives nothing away. */
  fail(code: ErrorCode): AGUIEvent[] {
    this.#fail(code);
    return this.#take();
  }

  get #isModern(): boolean {
    return isModern(this.run.protocolVersion);
  }

  #take(): AGUIEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #tell(part: ChatPart): void {
    switch (part.type) {
      case "text":
      case "step-start":
      case "step-end":
        this.#tellStep(part);
        break;
      case "reasoning-start":
      case "reasoning":
      case "reasoning-end":
        this.#tellThought(part);
        break;
      case "tool-start":
      case "tool-input":
      case "tool-end":
      case "tool-result":
        this.#tellTool(part);
        break;
      case "references":
        this.#tellReferences(part.references);
        break;
      case "recall":
        this.#tellReferences(part.references);
        this.#tellCitations(part.citations);
        break;
      case "history":
        this.#events.push({ type: EventType.MESSAGES_SNAPSHOT, messages: part.messages });
        break;
      default:
        this.#tellEnd(part);
    }
  }

  #tellStep(part: StepPart): void {
    if (part.type === "text") {
      if (!this.#textIsOpen) this.#openText();
      const messageId = this.#messageId;
      this.#events.push({ type: EventType.TEXT_MESSAGE_CONTENT, messageId, delta: part.delta });
    } else if (part.type === "step-start") {
      this.#messageId = part.message_id;
    } else {
      const { answer } = part;
      this.#endThought();
      this.#endCalls();
      this.#closeText(messageMetadata(answer, this.run.session_id));
      if (answer.content !== "")
        this.#tellCitations((answer.metadata.citations ?? []) as Citation[]);
    }
  }

  #tellThought(part: ThoughtPart): void {
    if (part.type === "reasoning-start") {
      const messageId = part.message_id;
      this.#thoughtId = messageId;
      this.#events.push(
        { type: EventType.REASONING_START, messageId },
        { type: EventType.REASONING_MESSAGE_START, messageId, role: "reasoning" },
      );
    } else if (part.type === "reasoning") {
      const thought = { messageId: this.#thoughtId, delta: part.delta };
      this.#events.push({ type: EventType.REASONING_MESSAGE_CONTENT, ...thought });
    } else {
      this.#endThought();
    }
  }

  #tellTool(part: ToolPart): void {
    const toolCallId = part.id;
    if (part.type === "tool-start") {
      this.#closeText();
      this.#openCalls.add(toolCallId);
      const call = { toolCallId, toolCallName: part.name, parentMessageId: this.#messageId };
      this.#events.push({ type: EventType.TOOL_CALL_START, ...call });
    } else if (part.type === "tool-input") {
      this.#events.push({ type: EventType.TOOL_CALL_ARGS, toolCallId, delta: part.delta });
    } else if (part.type === "tool-end") {
      if (!this.#openCalls.delete(toolCallId)) return;
      this.#events.push({ type: EventType.TOOL_CALL_END, toolCallId });
    } else {
      const result = { toolCallId, messageId: part.message_id, content: part.content };
      this.#events.push({ type: EventType.TOOL_CALL_RESULT, ...result, role: "tool" });
    }
  }

  #tellReferences(references: Citation[]): void {
    const { session_id, state } = this.run;
    this.#references = references;
    const value = { session_id, message_id: this.#messageId, references };
    this.#events.push({ type: EventType.CUSTOM, name: "knowledge_references", value });
    if (!state) return;
    const delta = [{ op: "replace" as const, path: "/references", value: references }];
    this.#events.push({ type: EventType.STATE_DELTA, delta });
  }

  /** Tells the references again, now those that are cited with their exact places. */
  #tellCitations(citations: Citation[]): void {
    this.#citations = citations;
    if (citations.length === 0) return;
    const known = [...this.#references, ...citations].map((one) => [one.number, one] as const);
    this.#tellReferences([...new Map(known).values()]);
  }

  #tellEnd(part: EndPart): void {
    if (part.type === "error") {
      this.#fail(part.error.errorCode);
    } else if (part.type === "finish") {
      this.#close();
      this.#events.push(this.#finished(part));
    } else if (this.#isModern) {
      this.#close();
      const { threadId, runId } = this.run;
      const end = { threadId, runId, metadata: this.#metadata() };
      this.#events.push({ type: EventType.RUN_FINISHED, ...end, outcome: { type: "cancelled" } });
    } else {
      this.#fail("chat_interrupted");
    }
  }

  #fail(code: ErrorCode): void {
    this.#close();
    this.#events.push({ type: EventType.RUN_ERROR, message: ERRORS[code].title, code });
  }

  #finished({ summary: { model, usage, ...summary }, interrupts }: Finish): AGUIEvent {
    const { threadId, runId } = this.run;
    const [provider = "", ...name] = model.split(":");
    const metadata = this.#metadata({ usage, ...summary });
    const knowledge = { citations: this.#citations, knowledge_references: this.#references };
    return {
      ...{ type: EventType.RUN_FINISHED, threadId, runId, metadata },
      result: { ...metadata, ...knowledge },
      ...(this.#isModern &&
        interrupts.length > 0 && {
          outcome: { type: "interrupt", interrupts: interrupts as [Interrupt] },
        }),
      ...(Object.keys(usage).length > 0 && {
        usage: [{ provider, model: name.join(":"), ...usage }],
      }),
    };
  }

  #metadata(more: object = {}) {
    const { session_id, course_id, request_id, model } = this.run;
    const run_metadata = { request_id, course_id, model, ...more };
    return { session_id, message_id: this.#messageId, run_metadata };
  }

  #close(): void {
    this.isOver = true;
    this.#endThought();
    this.#endCalls();
    this.#closeText();
  }

  #openText(): void {
    this.#textIsOpen = true;
    const messageId = this.#messageId;
    const metadata = { message_id: messageId, session_id: this.run.session_id };
    this.#events.push({
      ...{ type: EventType.TEXT_MESSAGE_START, role: "assistant", messageId, metadata },
    });
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

  #endThought(): void {
    if (this.#thoughtId === "") return;
    const messageId = this.#thoughtId;
    this.#events.push({ type: EventType.REASONING_MESSAGE_END, messageId });
    this.#events.push({ type: EventType.REASONING_END, messageId });
    this.#thoughtId = "";
  }
}
