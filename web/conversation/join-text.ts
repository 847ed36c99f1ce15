import type { MiddlewareFunction } from "@ag-ui/client";
import { type BaseEvent, EventType, type TextMessageContentEvent } from "@ag-ui/core";
import { Observable } from "rxjs";

/** How long pieces of text are collected, in milliseconds: three frames. */
const COLLECT_MS = 48;

/**
 * Joins the pieces of a text that arrive within three frames. The client copies all messages of the thread several
 * times for each event, so a long answer in pieces of one word costs more than its display.
 */
export const joinText: MiddlewareFunction = (input, next) =>
  new Observable<BaseEvent>((reader) => {
    let collected: TextMessageContentEvent | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const passOn = () => {
      clearTimeout(timer);
      if (collected) reader.next(collected);
      collected = undefined;
    };
    const events = next.run(input).subscribe({
      next: (event) => {
        if (isText(event) && event.messageId === collected?.messageId) {
          collected = { ...collected, ...event, delta: collected.delta + event.delta };
          return;
        }
        passOn(); // the order of events stays the same
        if (!isText(event)) return reader.next(event);
        collected = event;
        timer = setTimeout(passOn, COLLECT_MS);
      },
      error: (error: unknown) => {
        passOn();
        reader.error(error);
      },
      complete: () => {
        passOn();
        reader.complete();
      },
    });
    return () => {
      clearTimeout(timer);
      events.unsubscribe();
    };
  });

const isText = (event: BaseEvent): event is TextMessageContentEvent =>
  event.type === EventType.TEXT_MESSAGE_CONTENT;
