import { type AGUIEvent, type BaseEvent, EventType, type Message } from "@ag-ui/core";
import { withAbsoluteSource } from "../../chat/agent/show-source";
import type { ClientCapabilities } from "../../chat/request";
import { withAbsoluteUrls } from "../../text/absolute-urls";
import { weightOf } from "../http/accept";
import { EVENT_STREAM, toStreamingResponse } from "../http/streaming-response";

type AgUiReader = {
  /** Our public address, for the links of citations. */
  baseUrl: string;
  accept: string | null;
  client: ClientCapabilities;
  /** Called once if the reader leaves before the end. */
  onGone: () => void;
};

/** The media type of AG-UI's binary form. */
export const AGUI_MEDIA_TYPE = "application/vnd.ag-ui.event+proto";

/** Sends AG-UI events as server-sent events, or in AG-UI's binary form if `accept` names and prefers it. */
export async function toAgUiResponse(
  events: AsyncGenerator<AGUIEvent[]>,
  { accept, baseUrl, client, onGone }: AgUiReader,
): Promise<Response> {
  const weight = weightOf(accept, AGUI_MEDIA_TYPE);
  const isBinary = weight > 0 && weight >= weightOf(accept, "text/event-stream");
  const format = isBinary ? await toBinary(client, baseUrl) : toText(baseUrl);
  return toStreamingResponse(events, { ...format, onGone });
}

/** Events without citations. They are most of a stream, so they are not searched for links. */
const WITHOUT_CITATIONS: ReadonlySet<string> = new Set([
  EventType.TEXT_MESSAGE_START,
  EventType.TEXT_MESSAGE_CONTENT,
  EventType.REASONING_MESSAGE_CONTENT,
]);

/** Makes the links of citations absolute, also in calls of `show_source`. */
const withLinks = (event: AGUIEvent, baseUrl: string): AGUIEvent =>
  WITHOUT_CITATIONS.has(event.type) ? event : toLinked(event, baseUrl);

function toLinked(event: AGUIEvent, baseUrl: string): AGUIEvent {
  if (event.type === EventType.TOOL_CALL_ARGS) {
    return { ...event, delta: withAbsoluteSource(event.delta, baseUrl) };
  }
  const linked = withAbsoluteUrls(event, baseUrl);
  if (linked.type !== EventType.MESSAGES_SNAPSHOT) return linked;
  return { ...linked, messages: linked.messages.map((one) => withLinkedCalls(one, baseUrl)) };
}

function withLinkedCalls(message: Message, baseUrl: string): Message {
  if (message.role !== "assistant" || !message.toolCalls) return message;
  const toolCalls = message.toolCalls.map((call) => {
    const linked = withAbsoluteSource(call.function.arguments, baseUrl);
    return { ...call, function: { ...call.function, arguments: linked } };
  });
  return { ...message, toolCalls };
}

/** Events that the binary form before 1.0 lacks: its decoders fail on them. */
const isReasoningOrResult = ({ type }: AGUIEvent) =>
  type === EventType.TOOL_CALL_RESULT || type.startsWith("REASONING_");

const toText = (baseUrl: string) => ({
  ...EVENT_STREAM,
  encode: (events: AGUIEvent[]) =>
    EVENT_STREAM.encode(events.map((event) => JSON.stringify(withLinks(event, baseUrl)))),
});

/** The binary form has no comments. Clients pass a RAW event on, and allow it everywhere in a run. */
const HEARTBEAT_EVENT = { type: EventType.RAW, event: {}, source: "lectern.heartbeat" };

const endsRun = (event: AGUIEvent | undefined) =>
  event?.type === EventType.RUN_FINISHED || event?.type === EventType.RUN_ERROR;

async function toBinary({ reasoning }: ClientCapabilities, baseUrl: string) {
  const { EventEncoder } = await import("@ag-ui/encoder"); // 4 MB for the few clients of this form
  const encoder = new EventEncoder({ accept: AGUI_MEDIA_TYPE });
  const heartbeat = encoder.encodeBinary(HEARTBEAT_EVENT);
  // RUN_STARTED must be the first event, and nothing can follow the last.
  let isInRun = false;
  return {
    contentType: AGUI_MEDIA_TYPE,
    isPaced: true,
    encode: (events: AGUIEvent[]): Uint8Array => {
      isInRun = !endsRun(events.at(-1));
      return Buffer.concat(
        events
          .filter((event) => reasoning || !isReasoningOrResult(event))
          .map((event) => encoder.encodeBinary(withLinks(event, baseUrl) as BaseEvent)),
      );
    },
    heartbeat: () => (isInRun ? heartbeat : undefined),
  };
}
