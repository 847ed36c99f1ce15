import type { AGUIEvent, BaseEvent } from "@ag-ui/core";
import { AGUI_MEDIA_TYPE, EventEncoder } from "@ag-ui/encoder";
import { EVENT_STREAM, toLiveResponse } from "./live-response";

/**
 * Sends AG-UI events as server-sent events, or in AG-UI's binary form to those who ask for it by name.
 *
 * @param onGone called once when the reader left before the end
 */
export function toEventStream(
  events: AsyncGenerator<AGUIEvent[]>,
  { accept, onGone }: { accept: string | null; onGone: () => void },
): Response {
  const form = accept?.includes(AGUI_MEDIA_TYPE) ? toBinary() : TEXT;
  return toLiveResponse(events, { ...form, onGone });
}

const TEXT = {
  ...EVENT_STREAM,
  encode: (events: AGUIEvent[]) => EVENT_STREAM.encode(events.map((one) => JSON.stringify(one))),
};

function toBinary() {
  const encoder = new EventEncoder({ accept: AGUI_MEDIA_TYPE });
  return {
    contentType: AGUI_MEDIA_TYPE,
    encode: (events: AGUIEvent[]): Uint8Array =>
      Buffer.concat(events.map((event) => encoder.encodeBinary(event as BaseEvent))),
    heartbeat: undefined,
  };
}
