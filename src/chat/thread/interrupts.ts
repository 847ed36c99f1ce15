import { z } from "zod";
import {
  type ChatMessage,
  type NewToolResult,
  parseArguments,
  type ToolCall,
  type ToolCallResult,
} from "../../db/chat/chat";
import { AppError } from "../../errors";
import type { ClientTool, InterruptReply } from "../request";

/** Lets the model ask the user a question during an answer. The run ends until the user replies. */
export const ASK_USER: ClientTool = {
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

/** A question that waits for its reply. `id` is the id of the tool call that asked it. */
export type PendingInterrupt = {
  id: string;
  message?: string;
  /** JSON schema of the reply. */
  responseSchema: Record<string, unknown>;
};

type RowWithCalls = Pick<ChatMessage, "metadata">;

/** The questions of a thread that have no reply yet. */
export const pendingInterrupts = (thread: RowWithCalls[]): PendingInterrupt[] =>
  questionsIn(thread).flatMap((call) => (call.result ? [] : toInterrupt(call)));

const questionsIn = (thread: RowWithCalls[]): ToolCall[] =>
  thread.flatMap(({ metadata: { status, tool_calls = [] } }) =>
    status === "complete" ? tool_calls.filter(({ interrupts }) => interrupts) : [],
  );

function toInterrupt(call: ToolCall): PendingInterrupt {
  const { question } = readQuestion(call);
  const { $schema: _, ...responseSchema } = z.toJSONSchema(replySchema(call), { io: "input" });
  return {
    id: call.id,
    responseSchema,
    ...(typeof question === "string" && { message: question }),
  };
}

const readQuestion = ({ arguments: input }: ToolCall) =>
  Object(parseArguments(input)) as Record<string, unknown>;

function replySchema(call: ToolCall) {
  const { options } = readQuestion(call);
  const choices = Array.isArray(options) ? options.filter((one) => typeof one === "string") : [];
  return z.object({ answer: choices.length > 0 ? z.enum(choices) : z.string() });
}

/**
 * Checks that a resume replies to every pending question, in the form that the question asked for,
 * and to nothing else. A reply that is stored already is accepted again if it is the same, because
 * clients repeat a resume after a lost connection.
 *
 * @throws AppError `resume_invalid`, naming the interrupts
 */
export function checkResume(thread: ChatMessage[], resume: InterruptReply[]): void {
  const calls = new Map(questionsIn(thread).map((call) => [call.id, call]));
  const given = new Map(resume.map((reply) => [reply.interruptId, reply]));
  const missing = pendingInterrupts(thread).filter(({ id }) => !given.has(id));
  const wrong = resume.filter((reply) => {
    const call = calls.get(reply.interruptId);
    const isRepeated = given.get(reply.interruptId) !== reply;
    return !call || isRepeated || !(call.result ? isSame(call.result, reply) : fits(call, reply));
  });
  if (missing.length + wrong.length === 0) return;
  throw new AppError("resume_invalid", {
    missing: missing.map(({ id }) => id),
    wrong: wrong.map(({ interruptId }) => interruptId),
  });
}

const isSame = ({ content }: ToolCallResult, reply: InterruptReply) => content === toContent(reply);

const fits = (call: ToolCall, { status, payload }: InterruptReply) =>
  status === "cancelled" || replySchema(call).safeParse(payload).success;

/** The tool results that a resume gives to pending questions. */
export function toReplyResults(thread: ChatMessage[], resume: InterruptReply[]): NewToolResult[] {
  const given = new Map(resume.map((reply) => [reply.interruptId, reply]));
  return thread.flatMap((row) =>
    questionsIn([row]).flatMap((call) => {
      const reply = given.get(call.id);
      return reply && !call.result ? [toNewResult(row, call, toContent(reply))] : [];
    }),
  );
}

/** The tool results of all pending questions when the user asks something else instead of replying. */
export const toDeclinedResults = (thread: ChatMessage[]): NewToolResult[] =>
  toReplyResults(
    thread,
    pendingInterrupts(thread).map(({ id: interruptId }) => ({ interruptId, status: "cancelled" })),
  );

const toNewResult = (row: ChatMessage, call: ToolCall, content: string): NewToolResult => ({
  message_id: row.id,
  tool_call_id: call.id,
  result: { message_id: crypto.randomUUID(), content },
});

function toContent({ status, payload }: InterruptReply): string {
  if (status === "cancelled") return JSON.stringify({ declined: "The user did not answer" });
  return JSON.stringify(payload);
}
