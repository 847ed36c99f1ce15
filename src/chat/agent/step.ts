import type { Tool } from "@ag-ui/core";
import type { ToolCall } from "../../db/chat/chat";
import { AppError } from "../../errors";
import type { ChatModel } from "../../providers/chat/chat-model";
import { type CheckedCitation, checkCitations } from "../citations/check";
import type { AgentPart, Usage } from "../parts";
import { createNeutraliser, type IsOurs, type Neutraliser } from "../sanitize/markdown-stream";
import { ASK_USER } from "../thread/interrupts";
import type { Sources } from "./cited-passages";
import { type CallOptions, type ModelPart, streamModel } from "./model-call";
import { type Prompt, parseArguments } from "./prompt";
import { executeTool, type ServerTool, toOffers } from "./tools";
import { toUsage } from "./usage";

export type Emit = (part: AgentPart) => void;

export type AgentTask = {
  chatModel: ChatModel;
  prompt: Prompt;
  tools: ServerTool[];
  /** Tools that the client runs: a call of one ends the run. */
  frontendTools: Tool[];
  sources: Sources;
  /** Points the citations of an answer to where their words stand. */
  point: (answer: string, citations: CheckedCitation[]) => Promise<CheckedCitation[]>;
  isOurs: IsOurs;
  /** Steps that earlier runs of this turn have made. */
  firstStep: number;
  /** The id of a step's row. */
  messageId: (step: number) => string;
  /** Ids of the calls in the thread: no two calls share one. */
  callIds: Set<string>;
  signal: AbortSignal;
};

const MAX_OUTPUT_TOKENS = 4_096;
/** Ends that are none: what was said so far is not an answer. */
const FAILED = ["error", "other", "interrupted", "content-filter"];

/** One call of the model, and of the tools that it asked for. */
export class Step {
  readonly #id: string;
  readonly #calls: ToolCall[] = [];
  readonly #reasoning: { id: string; content: string }[] = [];
  readonly #neutraliser: Neutraliser;
  /** The calls by the provider's ids. */
  readonly #byId = new Map<string, ToolCall>();
  #thinking = false;
  #text = "";
  #finish = "";
  #usage: Usage = {};

  constructor(
    readonly task: AgentTask,
    readonly emit: Emit,
    readonly step: number,
  ) {
    this.#id = task.messageId(step);
    this.#neutraliser = createNeutraliser(task.isOurs);
    emit({ type: "step-start", message_id: this.#id });
  }

  /** Must the model be asked again? Not while a client owes a result. */
  get continues(): boolean {
    return this.#calls.length > 0 && this.#calls.every(({ result }) => result !== undefined);
  }

  get says(): boolean {
    return this.#text.trim() !== "";
  }

  /** What the model must know of this step in the next one. */
  get messages(): Prompt {
    const text = { type: "text" as const, text: this.#text };
    const calls = this.#calls.map(({ id, name, arguments: input }) => ({
      ...{ type: "tool-call" as const, toolCallId: id, toolName: name },
      input: parseArguments(input) ?? {},
    }));
    const results = this.#calls.map(({ id, name, result }) => ({
      ...{ type: "tool-result" as const, toolCallId: id, toolName: name },
      output: { type: "text" as const, value: result!.content },
    }));
    return [
      { role: "assistant", content: [...(this.#text ? [text] : []), ...calls] },
      { role: "tool", content: results },
    ];
  }

  async listen(prompt: Prompt, isLast: boolean): Promise<void> {
    const { chatModel, signal } = this.task;
    const options: CallOptions = {
      prompt,
      maxOutputTokens: MAX_OUTPUT_TOKENS,
      tools: toOffers(this.task.tools, this.task.frontendTools),
      toolChoice: { type: isLast ? "none" : "auto" },
    };
    await streamModel(chatModel, options, (part) => this.#hear(part), signal);
    if (this.#finish === "" || FAILED.includes(this.#finish)) {
      throw new AppError("chat_failed", { finish_reason: this.#finish || "cut off" });
    }
    this.#stopSaying();
    if (!this.says && this.#calls.length === 0) {
      throw new AppError("chat_failed", { finish_reason: "empty" });
    }
  }

  #hear(part: ModelPart): void {
    switch (part.type) {
      case "text-delta":
        this.#say(this.#neutraliser.push(part.delta));
        break;
      case "reasoning-delta":
        this.#think(part.delta);
        break;
      case "reasoning-end":
        this.#stopThinking();
        break;
      case "tool-input-start":
        if (!part.providerExecuted) this.#openCall(part.id, part.toolName);
        break;
      case "tool-input-delta":
        this.#growCall(this.#byId.get(part.id), part.delta);
        break;
      case "tool-call":
        if (!part.providerExecuted) this.#closeCall(part);
        break;
      case "finish":
        this.#finish = part.finishReason.unified;
        this.#usage = toUsage(part.usage);
    }
  }

  #say(delta: string): void {
    if (delta === "") return;
    this.#stopThinking();
    this.#text += delta;
    this.emit({ type: "text", delta });
  }

  #stopSaying(): void {
    this.#say(this.#neutraliser.end());
    this.#stopThinking();
  }

  #think(delta: string): void {
    // Thoughts come before the answer in every client's list; later ones have no place there.
    if (delta === "" || this.#text !== "" || this.#calls.length > 0) return;
    if (!this.#thinking) {
      this.#thinking = true;
      const message_id = Bun.randomUUIDv5(`${this.#reasoning.length}`, this.#id);
      this.#reasoning.push({ id: message_id, content: "" });
      this.emit({ type: "reasoning-start", message_id });
    }
    this.#reasoning.at(-1)!.content += delta;
    this.emit({ type: "reasoning", delta });
  }

  #stopThinking(): void {
    if (!this.#thinking) return;
    this.#thinking = false;
    this.emit({ type: "reasoning-end" });
  }

  #openCall(providerId: string, name: string): ToolCall {
    this.#stopSaying();
    const { callIds } = this.task;
    // Some providers count their calls from 0 in each answer.
    const id = callIds.has(providerId) ? `call_${crypto.randomUUID()}` : providerId;
    callIds.add(id);
    const call = { id, name, arguments: "" };
    this.#calls.push(call);
    this.#byId.set(providerId, call);
    this.emit({ type: "tool-start", id, name });
    return call;
  }

  #growCall(call: ToolCall | undefined, delta: string): void {
    if (!call || delta === "") return;
    call.arguments += delta;
    this.emit({ type: "tool-input", id: call.id, delta });
  }

  #closeCall(part: { toolCallId: string; toolName: string; input: string }): void {
    const call = this.#byId.get(part.toolCallId) ?? this.#openCall(part.toolCallId, part.toolName);
    if (call.arguments === "") this.#growCall(call, part.input);
    this.emit({ type: "tool-end", id: call.id });
  }

  /** Runs what is ours to run, side by side; results come in the order of the calls. */
  async runTools(): Promise<void> {
    const { tools, frontendTools, sources, signal } = this.task;
    const byName = new Map(tools.map((tool) => [tool.name, tool]));
    const theirs = new Map(frontendTools.map((tool) => [tool.name, tool]));
    for (const call of this.#calls) {
      if (theirs.get(call.name) === ASK_USER) call.interrupts = true;
    }
    const known = sources.found.size;
    const running = this.#calls
      .filter(({ name }) => byName.has(name) || !theirs.has(name))
      .map(async (call) => ({
        call,
        output: await executeTool(byName.get(call.name), call, signal),
      }));
    const done = await Promise.all(running);
    signal.throwIfAborted();
    // Numbered in the order of the calls, whichever was answered first.
    const results = done.map(({ call, output }) => ({
      call,
      answer: "passages" in output ? sources.present(output.passages) : output.answer,
    }));
    if (sources.found.size > known) {
      this.emit({ type: "references", references: [...sources.found] });
    }
    for (const { call, answer } of results) {
      call.result = { message_id: crypto.randomUUID(), content: JSON.stringify(answer) };
      this.emit({ type: "tool-result", id: call.id, ...call.result });
    }
  }

  async end(failure?: unknown): Promise<void> {
    const { chatModel, sources, point, signal } = this.task;
    this.#stopSaying();
    const checked = checkCitations(this.#text, sources.byNumber);
    // A passage's beginning is worth more than no answer.
    const citations = await point(this.#text, checked).catch(() => checked);
    const status = failure === undefined ? "complete" : signal.aborted ? "aborted" : "error";
    const metadata = {
      ...({ status, model: chatModel.name, usage: this.#usage } as const),
      ...(this.#finish !== "" && { finish_reason: this.#finish }),
      ...(failure instanceof AppError && { error_code: failure.errorCode }),
      citations,
      references: [...sources.found],
      ...(this.#calls.length > 0 && { tool_calls: this.#calls }),
      ...(this.#reasoning.length > 0 && { reasoning: this.#reasoning }),
    };
    const answer = { id: this.#id, step: this.step, content: this.#text, metadata };
    this.emit({ type: "step-end", answer, usage: this.#usage });
  }
}
