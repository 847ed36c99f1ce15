import { AgentCapabilitiesSchema, EventSchema, RunAgentInputSchema } from "@ag-ui/core/schemas";
import { z } from "zod";

/**
 * JSON schemas of the protocols that the chat speaks, for the OpenAPI document. Routes refer to them as
 * `#/components/schemas/<name>`. They are converted when the document is requested, because the
 * conversion takes a sixth of a second.
 */
export function protocolSchemas(): Record<string, object> {
  return {
    RunAgentInput: runAgentInput(),
    AgUiEvent: { description: "An event of AG-UI, by its `type`", ...toSchema(EventSchema) },
    AgentCapabilities: toSchema(AgentCapabilitiesSchema),
    OpenAiError: OPENAI_ERROR,
    JsonRpcResponse: JSON_RPC_RESPONSE,
  };
}

function runAgentInput(): object {
  const schema = toSchema(RunAgentInputSchema) as { properties: Record<string, object> };
  const properties = { ...schema.properties, forwardedProps: FORWARDED_PROPS };
  return { ...schema, description: "RunAgentInput of AG-UI", properties };
}

const FORWARDED_PROPS = {
  type: ["object", "null"],
  properties: {
    course_id: { type: "string", format: "uuid", description: "The course that is asked" },
    session_id: { type: "string", format: "uuid", description: "Default: the thread's id" },
  },
  additionalProperties: true,
};

const OPENAI_ERROR = {
  type: "object",
  description: "An error in the form of OpenAI's API",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["message", "type", "param", "code"],
      properties: {
        message: { type: "string" },
        type: { type: "string" },
        param: { type: ["string", "null"], description: "The field that is wrong" },
        code: { $ref: "#/components/schemas/ErrorCode" },
      },
    },
  },
};

const JSON_RPC_RESPONSE = {
  type: "object",
  description: "A response of JSON-RPC 2.0: `result` or `error`",
  required: ["jsonrpc", "id"],
  properties: {
    jsonrpc: { const: "2.0" },
    id: { type: ["string", "integer", "null"] },
    result: { type: "object", additionalProperties: true },
    error: {
      type: "object",
      required: ["code", "message"],
      properties: { code: { type: "integer" }, message: { type: "string" }, data: {} },
    },
  },
};

function toSchema(schema: z.ZodType): object {
  const { $schema: _, ...converted } = z.toJSONSchema(schema, {
    io: "input",
    // A value of any type.
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      delete jsonSchema.specOpen; // a note of the protocol's authors
      const { anyOf } = jsonSchema;
      const acceptsAll = anyOf?.some((one) => Object.keys(one).length === 0);
      if (acceptsAll) delete jsonSchema.anyOf;
    },
  });
  return converted;
}
