import { type AGUIEvent, type BaseEvent, EventType } from "@ag-ui/core";
import { AGUI_MEDIA_TYPE, EventEncoder } from "@ag-ui/encoder";
import type { ClientCapabilities } from "../../chat/request";
import { EVENT_STREAM, toStreamingResponse } from "../http/streaming-response";

type AgUiReader = {
  accept: string | null;
  client: ClientCapabilities;
  /** Called once if the reader leaves before the end. */
  onGone: () => void;
};

/** Sends AG-UI events as server-sent events, or in AG-UI's binary form if `accept` names it. */
export function toAgUiResponse(
  events: AsyncGenerator<AGUIEvent[]>,
  { accept, client, onGone }: AgUiReader,
): Response {
  const isBinary = accept?.includes(AGUI_MEDIA_TYPE);
  const form = isBinary ? toBinary(client) : TEXT;
  return toStreamingResponse(events, { ...form, onGone });
}

/** Events that the binary form before 1.0 lacks: its decoders fail on them. */
const isReasoningOrResult = ({ type }: AGUIEvent) =>
  type === EventType.TOOL_CALL_RESULT || type.startsWith("REASONING_");

const TEXT = {
  ...EVENT_STREAM,
  encode: (events: AGUIEvent[]) => EVENT_STREAM.encode(events.map((one) => JSON.stringify(one))),
};

function toBinary({ reasoning }: ClientCapabilities) {
  const encoder = new EventEncoder({ accept: AGUI_MEDIA_TYPE });
  return {
    contentType: AGUI_MEDIA_TYPE,
    encode: (events: AGUIEvent[]): Uint8Array =>
      Buffer.concat(
        events
          .filter((event) => reasoning || !isReasoningOrResult(event))
          .map((event) => encoder.encodeBinary(event as BaseEvent)),
      ),
    heartbeat: undefined,
  };
}
