import { type AGUIEvent, type BaseEvent, EventType } from "@ag-ui/core";
import { AGUI_MEDIA_TYPE, EventEncoder } from "@ag-ui/encoder";
import { isModern } from "../../chat/ag-ui/request";
import { EVENT_STREAM, toLiveResponse } from "../http/streaming-response";

type Reader = {
  accept: string | null;
  /** As the client announced it. */
  protocolVersion: string | undefined;
  /** Called once when the reader left before the end. */
  onGone: () => void;
};

/** Sends AG-UI events as server-sent events, or in AG-UI's binary form to those who ask for it by name. */
export function toEventStream(
  events: AsyncGenerator<AGUIEvent[]>,
  { accept, protocolVersion, onGone }: Reader,
): Response {
  const isBinary = accept?.includes(AGUI_MEDIA_TYPE);
  const form = isBinary ? toBinary(isModern(protocolVersion)) : TEXT;
  return toLiveResponse(events, { ...form, onGone });
}

/** What the binary form before 1.0 has no place for: its readers fail on it. */
const hasNoOldForm = ({ type }: AGUIEvent) =>
  type === EventType.TOOL_CALL_RESULT || type.startsWith("REASONING_");

const TEXT = {
  ...EVENT_STREAM,
  encode: (events: AGUIEvent[]) => EVENT_STREAM.encode(events.map((one) => JSON.stringify(one))),
};

function toBinary(isModern: boolean) {
  const encoder = new EventEncoder({ accept: AGUI_MEDIA_TYPE });
  return {
    contentType: AGUI_MEDIA_TYPE,
    encode: (events: AGUIEvent[]): Uint8Array =>
      Buffer.concat(
        events
          .filter((event) => isModern || !hasNoOldForm(event))
          .map((event) => encoder.encodeBinary(event as BaseEvent)),
      ),
    heartbeat: undefined,
  };
}
