import type { Interrupt, ResumeEntry, Tool } from "@ag-ui/core";
import { z } from "zod";
import type { ChatMessage, ToolCall, ToolResult } from "../../db/chat/chat";
import { AppError } from "../../errors";
import { parseArguments } from "../agent/prompt";

/** Lets the model ask the user something in the middle of an answer; the run ends until they reply. */
export const ASK_USER: Tool = {
  name: "ask_user",
  description:
    "Asks the user one question and waits for the reply. Only when the answer depends on something that the course cannot tell, such as which of two meanings they have in mind.",
  parameters: {
    type: "object",
    properties: {
      question: { type: "string" },
      options: { type: "array", items: { type: "string" }, description: "Replies to choose from" },
    },
    required: ["question"],
    additionalProperties: false,
  },
};

type Row = Pick<ChatMessage, "metadata">;
type Answered = { message_id: string; tool_call_id: string; result: ToolResult };

/** What a thread waits for its user to say. Interrupts have the ids of their tool calls. */
export const pendingInterrupts = (thread: Row[]): Interrupt[] =>
  questionsIn(thread).flatMap((call) => (call.result ? [] : toInterrupt(call)));

const questionsIn = (thread: Row[]): ToolCall[] =>
  thread.flatMap(({ metadata: { status, tool_calls = [] } }) =>
    status === "complete" ? tool_calls.filter(({ interrupts }) => interrupts) : [],
  );

function toInterrupt(call: ToolCall): Interrupt {
  const { question } = readQuestion(call);
  const { $schema: _, ...responseSchema } = z.toJSONSchema(replyTo(call), { io: "input" });
  return {
    ...{ id: call.id, toolCallId: call.id, reason: "input_required", responseSchema },
    ...(typeof question === "string" && { message: question }),
  };
}

const readQuestion = ({ arguments: input }: ToolCall) =>
  Object(parseArguments(input)) as Record<string, unknown>;

/** What a reply to a question must look like. */
function replyTo(call: ToolCall) {
  const { options } = readQuestion(call);
  const choices = Array.isArray(options) ? options.filter((one) => typeof one === "string") : [];
  return z.object({ answer: choices.length > 0 ? z.enum(choices) : z.string() });
}

/**
 * Checks that a resume answers all that a thread waits for as it was asked to, and nothing else. One
 * that was taken already may come again, as after a lost connection, if it says the same.
 *
 * @throws AppError `resume_invalid`, naming the interrupts
 */
export function checkResume(thread: ChatMessage[], resume: ResumeEntry[]): void {
  const calls = new Map(questionsIn(thread).map((call) => [call.id, call]));
  const given = new Map(resume.map((entry) => [entry.interruptId, entry]));
  const missing = pendingInterrupts(thread).filter(({ id }) => !given.has(id));
  const wrong = resume.filter((entry) => {
    const call = calls.get(entry.interruptId);
    const isRepeated = given.get(entry.interruptId) !== entry;
    return !call || isRepeated || !(call.result ? isSame(call.result, entry) : fits(call, entry));
  });
  if (missing.length + wrong.length === 0) return;
  throw new AppError("resume_invalid", {
    missing: missing.map(({ id }) => id),
    wrong: wrong.map(({ interruptId }) => interruptId),
  });
}

const isSame = ({ content }: ToolResult, entry: ResumeEntry) => content === toContent(entry);

const fits = (call: ToolCall, { status, payload }: ResumeEntry) =>
  status === "cancelled" || replyTo(call).safeParse(payload).success;

/** The results of the calls that asked, as a resume has them: for those that still wait. */
export function answersOf(thread: ChatMessage[], resume: ResumeEntry[]): Answered[] {
  const given = new Map(resume.map((entry) => [entry.interruptId, entry]));
  return thread.flatMap((row) =>
    questionsIn([row]).flatMap((call) => {
      const entry = given.get(call.id);
      return entry && !call.result ? [toAnswered(row, call, toContent(entry))] : [];
    }),
  );
}

/** The results of all calls that wait, when the user goes on with another question instead. */
export const cancellationsOf = (thread: ChatMessage[]): Answered[] =>
  answersOf(
    thread,
    pendingInterrupts(thread).map(({ id: interruptId }) => ({ interruptId, status: "cancelled" })),
  );

const toAnswered = ({ id: message_id }: ChatMessage, { id }: ToolCall, content: string) => ({
  ...{ message_id, tool_call_id: id },
  result: { message_id: crypto.randomUUID(), content },
});

function toContent({ status, payload }: ResumeEntry): string {
  if (status === "cancelled") return JSON.stringify({ declined: "The user did not answer" });
  return JSON.stringify(payload);
}
