import { z } from "zod";
import { PlainBody } from "../../chat/request";
import { Id, Json, Time } from "../http/schemas";
import { Citation } from "../retrieval";

export const CourseQuery = z.object({ course_id: Id.optional() });
const CheckedCitation = Citation.extend({
  unsupported: z
    .literal(true)
    .optional()
    .describe("The answer says there what the passage does not"),
});
const Session = z.object({
  id: Id,
  course_id: Id,
  thread_id: z.string().nullable().describe("The client's name of the thread, when not a UUID"),
  session_label: z.string().nullable(),
  created_at: Time,
  updated_at: Time,
});
export const SessionSummary = Session.extend({
  message_count: z.int(),
  last_message: z.object({ role: z.string(), excerpt: z.string(), created_at: Time }).nullable(),
}).meta({ id: "ChatSessionSummary" });
export const WholeSession = Session.extend({
  messages: z.array(
    z.object({
      id: Id,
      role: z.enum(["user", "assistant", "system"]),
      content: z.string(),
      citations: z.array(CheckedCitation),
      metadata: Json.describe("status (complete, aborted, error), tool_calls, usage and more"),
      created_at: Time,
    }),
  ),
}).meta({ id: "ChatSession" });
export const Reply = z.object({
  session_id: Id,
  message_id: z.string(),
  content: z.string(),
  citations: z.array(CheckedCitation),
  run_metadata: Json,
});

/** Validated in the handler, because the error messages depend on which of the two bodies it is. */
export const BODY = {
  description: "AG-UI's RunAgentInput, or the plain body",
  content: {
    "application/json": {
      schema: {
        anyOf: [
          z.toJSONSchema(PlainBody, { io: "input" }) as object,
          {
            type: "object",
            required: ["threadId", "runId", "messages"],
            description: "RunAgentInput",
          },
        ],
      },
    },
  },
};
