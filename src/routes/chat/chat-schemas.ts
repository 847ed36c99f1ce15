import { z } from "zod";
import { PlainBody } from "../../chat/request";
import { Id, Json, nameOf, Time } from "../http/schemas";
import { Citation } from "../passage-schemas";
import { AGUI_MEDIA_TYPE } from "./ag-ui-stream";

export const CourseQuery = z.object({ course_id: Id.optional() });
export const CheckedCitation = Citation.extend({
  unsupported: z
    .literal(true)
    .optional()
    .describe("Every sentence that cites this passage is in `unsupported`"),
});
export const UnsupportedSentences = z
  .array(
    z.object({
      start: z.int().describe("UTF-16 offset in `content`"),
      end: z.int().describe("Exclusive UTF-16 offset in `content`"),
      reason: z.enum(["number", "quotation", "unit", "unrelated"]),
      numbers: z.array(z.int()).describe("The citations of the sentence"),
    }),
  )
  .optional()
  .describe(
    "Sentences that the passages at their marks do not support: a number in digits, the unit of a " +
      "number, or a quotation is not in the passages, or nearly none of the words are. The check does " +
      "not notice negations, swapped subjects, wrong names or numbers in words.",
  );
const SessionFields = z.object({
  id: Id,
  course_id: Id,
  thread_id: z.string().nullable().describe("The client's name of the thread, when not a UUID"),
  session_label: z.string().nullable(),
  created_at: Time,
  updated_at: Time,
});
export const Session = SessionFields.meta({ id: "ChatSessionFields" });
export const SessionChange = z
  .strictObject({ session_label: nameOf(200).describe("The name to show") })
  .meta({ id: "ChatSessionChange" });
export const Stopped = z
  .object({
    stopped: z
      .boolean()
      .describe("False if this process writes no answer in the conversation; another process can"),
  })
  .meta({ id: "ChatStopped" });
export const SessionSummary = SessionFields.extend({
  message_count: z.int(),
  last_message: z.object({ role: z.string(), excerpt: z.string(), created_at: Time }).nullable(),
}).meta({ id: "ChatSessionSummary" });
export const WholeSession = SessionFields.extend({
  is_answering: z
    .boolean()
    .describe("This process is writing an answer, so a run with `rejoin` can follow it"),
  messages: z.array(
    z.object({
      id: Id,
      role: z.enum(["user", "assistant", "system"]),
      content: z.string(),
      citations: z.array(CheckedCitation),
      unsupported: UnsupportedSentences,
      metadata: Json.describe("status (complete, aborted, error), tool_calls, usage and more"),
      created_at: Time,
    }),
  ),
}).meta({ id: "ChatSession" });
export const Reply = z
  .object({
    session_id: Id,
    message_id: z.string(),
    content: z.string(),
    citations: z.array(CheckedCitation),
    unsupported: UnsupportedSentences,
    run_metadata: Json,
  })
  .meta({ id: "ChatReply" });

const PLAIN = z.toJSONSchema(PlainBody, { io: "input" });

/** Validated in the handler, because the error messages depend on which of the bodies it is. */
export const BODY = {
  description: "AG-UI's RunAgentInput, or the plain body: one question, or a conversation",
  content: {
    "application/json": {
      schema: {
        $defs: {
          PlainQuestion: { ...PLAIN, required: ["message"] },
          PlainConversation: { ...PLAIN, required: ["messages"] },
        },
        anyOf: [
          { $ref: "#/$defs/PlainQuestion" },
          { $ref: "#/$defs/PlainConversation" },
          { $ref: "#/components/schemas/RunAgentInput" },
        ],
      },
    },
  },
};

/** AG-UI's binary form is for its own clients. */
export const AG_UI_STREAM = {
  200: {
    description: "A stream; the data of each server-sent event is one event of AG-UI",
    content: {
      "text/event-stream": { schema: { $ref: "#/components/schemas/AgUiEvent" } },
      [AGUI_MEDIA_TYPE]: {},
    },
  },
};

export const CAPABILITIES = {
  200: {
    description: "The capabilities",
    content: {
      "application/json": { schema: { $ref: "#/components/schemas/AgentCapabilities" } },
    },
  },
};
