import { type AnswerStatus, parseArguments, type ToolCall } from "../../db/chat/chat";
import { AppError } from "../../errors";
import {
  type ChatModel,
  EXTRACTIVE,
  type ModelCallOptions,
  type ModelPart,
  type ModelPrompt,
} from "../../providers/chat/chat-model";
import { type CheckedCitation, checkCitations } from "../citations/check";
import type { AgentPart, TokenUsage } from "../parts";
import type { AnswerSettings, ClientTool } from "../request";
import { createMarkdownSanitizer, type MarkdownSanitizer } from "../sanitize/markdown-stream";
import type { IsAllowedUrl } from "../sanitize/rule";
import { ASK_USER } from "../thread/interrupts";
import type { CitedPassages } from "./cited-passages";
import { streamModel } from "./model-call";
import { type PromptMessage, toAnswerMessages } from "./prompt";
import { type DividedOutput, ReasoningTags } from "./reasoning-tags";
import { SHOW_SOURCE, type SourceResolver } from "./show-source";
import { withOwnName, withProviderNames } from "./tool-names";
import { executeTool, type ServerTool, type ServerToolOutput, toToolDefinitions } from "./tools";
import { toUsage } from "./usage";

export type EmitAgentPart = (part: AgentPart) => void;

export type AgentTask = {
  chatModel: ChatModel;
  prompt: ModelPrompt;
  tools: ServerTool[];
  /** Tools that the client runs: a call of one ends the run. */
  clientTools: ClientTool[];
  settings: AnswerSettings;
  passages: CitedPassages;
  /** Resolves the citations that the page is asked to show. */
  sources: SourceResolver;
  /** Replaces each citation's passage by the sentence that supports the answer. */
  locate: (answer: string, citations: CheckedCitation[]) => Promise<CheckedCitation[]>;
  isAllowedUrl: IsAllowedUrl;
  /** The numbered passages that the user looks at, for the answerer without a model. */
  here: object[];
  /** Text to show before the first text of the run, or an empty string. */
  notice: string;
  /** Number of the first step: earlier runs of this turn completed the steps before it. */
  firstStep: number;
  /** The id of a step's row. */
  messageId: (step: number) => string;
  /** Ids of all tool calls in the thread; a new call must not repeat one. */
  callIds: Set<string>;
  signal: AbortSignal;
};

/** Steps of one run. The last must be an answer. */
export const MAX_STEPS = 6;
const MAX_OUTPUT_TOKENS = 4_096;
/** Finish reasons after which the text so far is not an answer. */
const FAILED = ["error", "other", "interrupted"];

/** What OpenAI's protocols state as the end of a refusal in words, which the SDK counts as filtered. */
const SPOKEN_REFUSALS: unknown[] = ["stop", undefined];

/**
 * Runs the agent loop: calls the model, runs the tools that it asks for, and calls it again with the
 * results, until it answers, calls a tool of the client, or has used its steps.
 *
 * Every step that began ends with a `step-end`, also a failed one; then the failure is thrown.
 *
 * @throws AppError of the provider, `answer_withheld` or `chat_failed`; the signal's reason when it was aborted
 */
export async function runAgent(task: AgentTask, emit: EmitAgentPart): Promise<void> {
  const prompt = [...task.prompt];
  for (let made = 1; made <= MAX_STEPS; made += 1) {
    const step = new AgentStep(task, emit, task.firstStep + made - 1);
    try {
      await step.callModel(prompt, made === MAX_STEPS);
      await step.runTools();
      if (made === MAX_STEPS && step.continues && !step.hasText) {
        throw new AppError("chat_failed", { finish_reason: "steps used up" });
      }
    } catch (error) {
      await step.end(error);
      throw error;
    }
    await step.end();
    if (!step.continues) return;
    prompt.push(...step.toPrompt());
  }
}

/** One model call and the tool calls that it made. */
class AgentStep {
  readonly #id: string;
  readonly #calls: ToolCall[] = [];
  readonly #reasoning: { id: string; content: string }[] = [];
  readonly #sanitizer: MarkdownSanitizer;
  readonly #callsByProviderId = new Map<string, ToolCall>();
  /** The outputs of our tools. A tool starts when its call is complete, while the model writes the next call. */
  readonly #outputs = new Map<ToolCall, Promise<ServerToolOutput>>();
  /** Calls that the client must not run, with the reason for the model. */
  readonly #refused = new Map<ToolCall, string>();
  #isReasoning = false;
  #text = "";
  readonly #reasoningTags = new ReasoningTags();
  #finishReason = "";
  /** The model declines in its own words, which are a complete answer; the provider's filter breaks off. */
  #isWithheld = false;
  #usage: TokenUsage = {};

  constructor(
    readonly task: AgentTask,
    readonly emit: EmitAgentPart,
    readonly step: number,
  ) {
    this.#id = task.messageId(step);
    this.#sanitizer = createMarkdownSanitizer(task.isAllowedUrl);
    emit({ type: "step-start", message_id: this.#id });
  }

  /** The model must be called again. False while a result of the client is missing. */
  get continues(): boolean {
    return this.#calls.length > 0 && this.#calls.every(({ result }) => result !== undefined);
  }

  get hasText(): boolean {
    return this.#text.trim() !== "";
  }

  /**
   * This step as input of the next one. A call with malformed arguments is kept with an empty input,
   * because its result explains the mistake to the model.
   */
  toPrompt(): PromptMessage[] {
    const calls = this.#calls.map((call) =>
      parseArguments(call.arguments) === undefined ? { ...call, arguments: "{}" } : call,
    );
    return toAnswerMessages(this.#text, calls);
  }

  async callModel(prompt: ModelPrompt, isLast: boolean): Promise<void> {
    const { chatModel, tools, clientTools, here, signal } = this.task;
    const { max_output_tokens = MAX_OUTPUT_TOKENS, stop, must_call_tool } = this.task.settings;
    const options: ModelCallOptions = {
      prompt,
      maxOutputTokens: Math.min(max_output_tokens, MAX_OUTPUT_TOKENS),
      ...(stop && { stopSequences: stop }),
      tools: toToolDefinitions(must_call_tool && isLast ? [] : tools, clientTools),
      toolChoice: { type: must_call_tool ? "required" : isLast ? "none" : "auto" },
      ...(here.length > 0 && { providerOptions: { [EXTRACTIVE]: { here: here as never } } }),
    };
    const receive = (part: ModelPart) => this.#receive(withOwnName(part, options.tools));
    await streamModel(chatModel, withProviderNames(options), receive, signal);
    if (this.#finishReason === "" || FAILED.includes(this.#finishReason)) {
      throw new AppError("chat_failed", { finish_reason: this.#finishReason || "cut off" });
    }
    this.#flushText();
    if (this.#isWithheld || (this.#finishReason === "content-filter" && !this.hasText)) {
      throw new AppError("answer_withheld", { finish_reason: this.#finishReason });
    }
    if (!this.hasText && this.#calls.length === 0) {
      throw new AppError("chat_failed", { finish_reason: "empty" });
    }
  }

  #receive(part: ModelPart): void {
    switch (part.type) {
      case "text-delta":
        this.#addDivided(this.#reasoningTags.push(part.delta));
        break;
      case "reasoning-delta":
        this.#addReasoning(part.delta);
        break;
      case "reasoning-end":
        this.#endReasoning();
        break;
      case "tool-input-start":
        if (!part.providerExecuted) this.#openCall(part.id, part.toolName);
        break;
      case "tool-input-delta":
        this.#addArguments(this.#callsByProviderId.get(part.id), part.delta);
        break;
      case "tool-call":
        if (!part.providerExecuted) this.#closeCall(part);
        break;
      case "finish":
        this.#finishReason = part.finishReason.unified;
        this.#isWithheld =
          this.#finishReason === "content-filter" &&
          !SPOKEN_REFUSALS.includes(part.finishReason.raw);
        this.#usage = toUsage(part.usage);
    }
  }

  #addText(delta: string): void {
    if (delta === "") return;
    this.#endReasoning();
    const text = this.task.notice + delta;
    this.task.notice = "";
    this.#text += text;
    this.emit({ type: "text", delta: text });
  }

  #addDivided({ reasoning, text }: DividedOutput): void {
    this.#addReasoning(reasoning);
    if (text !== "") this.#addText(this.#sanitizer.push(text));
  }

  #flushText(): void {
    this.#addDivided(this.#reasoningTags.end());
    this.#addText(this.#sanitizer.end());
    this.#endReasoning();
  }

  #addReasoning(delta: string): void {
    // Clients list reasoning before the answer, so later reasoning is dropped.
    if (delta === "" || this.#text !== "" || this.#calls.length > 0) return;
    if (!this.#isReasoning) {
      this.#isReasoning = true;
      const message_id = Bun.randomUUIDv5(`${this.#reasoning.length}`, this.#id);
      this.#reasoning.push({ id: message_id, content: "" });
      this.emit({ type: "reasoning-start", message_id });
    }
    this.#reasoning.at(-1)!.content += delta;
    this.emit({ type: "reasoning", delta });
  }

  #endReasoning(): void {
    if (!this.#isReasoning) return;
    this.#isReasoning = false;
    this.emit({ type: "reasoning-end" });
  }

  #openCall(providerId: string, name: string): ToolCall {
    this.#flushText();
    const { callIds } = this.task;
    // Some providers count their calls from 0 in each answer.
    const id = callIds.has(providerId) ? `call_${crypto.randomUUID()}` : providerId;
    callIds.add(id);
    const call = { id, name, arguments: "" };
    this.#calls.push(call);
    this.#callsByProviderId.set(providerId, call);
    this.emit({ type: "tool-start", id, name });
    return call;
  }

  #addArguments(call: ToolCall | undefined, delta: string): void {
    if (!call || delta === "") return;
    call.arguments += delta;
    if (!this.#isShowSource(call)) this.emit({ type: "tool-input", id: call.id, delta });
  }

  #isShowSource({ name }: ToolCall): boolean {
    return this.task.clientTools.find((tool) => tool.name === name) === SHOW_SOURCE;
  }

  /** Gives the page the place that it opens instead of a number, which only this thread knows. */
  #resolveSource(call: ToolCall): void {
    const resolved = this.task.sources.resolve(parseArguments(call.arguments));
    call.arguments = resolved.arguments;
    if (resolved.error !== undefined) this.#refused.set(call, resolved.error);
    else call.asked_at = new Date().toISOString();
    this.emit({ type: "tool-input", id: call.id, delta: call.arguments });
  }

  #closeCall(part: { toolCallId: string; toolName: string; input: string }): void {
    const open = this.#callsByProviderId.get(part.toolCallId);
    const call = open ?? this.#openCall(part.toolCallId, part.toolName);
    if (call.arguments === "") this.#addArguments(call, part.input);
    if (this.#isShowSource(call)) this.#resolveSource(call);
    this.emit({ type: "tool-end", id: call.id });
    this.#startTool(call);
  }

  /** Starts one of our tools, or refuses a tool that does not exist. The promise never rejects. */
  #startTool(call: ToolCall): void {
    if (this.#outputs.has(call)) return;
    const { tools, clientTools, signal } = this.task;
    const ours = tools.find(({ name }) => name === call.name);
    if (!ours && clientTools.some(({ name }) => name === call.name)) return;
    this.#outputs.set(call, executeTool(ours, call, signal));
  }

  /** Waits for our tools, which run in parallel; emits the results in the order of the calls. */
  async runTools(): Promise<void> {
    const { clientTools, passages, signal } = this.task;
    const isQuestion = clientTools.includes(ASK_USER);
    for (const call of this.#calls) {
      if (isQuestion && call.name === ASK_USER.name) call.interrupts = true;
    }
    for (const [call, error] of this.#refused) this.#setResult(call, { error });
    const foundBefore = passages.found.size;
    // Also a call that the model left open: its result explains the mistake to the model.
    for (const call of this.#calls) this.#startTool(call);
    const calls = this.#calls.filter((call) => this.#outputs.has(call));
    if (calls.length === 0) return;
    this.emit({ type: "retrieval-start" });
    const done = await Promise.all(
      calls.map(async (call) => ({ call, output: await this.#outputs.get(call)! })),
    );
    signal.throwIfAborted();
    // Passages are numbered in the order of the calls, whichever tool finished first.
    const results = done.map(({ call, output }) => ({
      call,
      answer: "passages" in output ? passages.present(output) : output.answer,
    }));
    if (passages.found.size > foundBefore) {
      this.emit({ type: "references", references: [...passages.found] });
    }
    for (const { call, answer } of results) this.#setResult(call, answer);
    this.emit({ type: "retrieval-end" });
  }

  #setResult(call: ToolCall, answer: unknown): void {
    call.result = { message_id: crypto.randomUUID(), content: JSON.stringify(answer) };
    this.emit({ type: "tool-result", id: call.id, ...call.result });
  }

  async end(failure?: unknown): Promise<void> {
    const { chatModel, passages, locate, signal } = this.task;
    this.#flushText();
    const { citations: checked, unsupported } = checkCitations(this.#text, passages.byNumber);
    // If locating fails, each citation keeps the beginning of its passage.
    const citations = await locate(this.#text, checked).catch(() => checked);
    const status: AnswerStatus =
      failure === undefined ? "complete" : signal.aborted ? "aborted" : "error";
    const metadata = {
      status,
      model: chatModel.name,
      usage: this.#usage,
      ...(this.#finishReason !== "" && { finish_reason: this.#finishReason }),
      ...(failure instanceof AppError && { error_code: failure.errorCode }),
      citations,
      ...(unsupported.length > 0 && { unsupported }),
      references: [...passages.found],
      ...(this.#calls.length > 0 && { tool_calls: this.#calls }),
      ...(this.#reasoning.length > 0 && { reasoning: this.#reasoning }),
    };
    const answer = { id: this.#id, step: this.step, content: this.#text, metadata };
    this.emit({ type: "step-end", answer, usage: this.#usage });
  }
}
