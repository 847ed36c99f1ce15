import type { AGUIEvent } from "@ag-ui/core";
import type { ChatPart, RunIdentity } from "../parts";
import { Teller } from "./event-writer";

/**
 * Retells a run as AG-UI events, as many at a time as there are parts.
 *
 * Guarantees what AG-UI clients check:
 * - RUN_STARTED comes first, before the first part is even asked for;
 * - exactly one of RUN_FINISHED and RUN_ERROR comes last, and before it everything that was opened
 *   is closed, also when the parts end early or throw;
 * - a text message opens with its first words, closes before a tool call, and has its row's id;
 * - no field is null, and shapes of 1.0 go to clients of 1.0 only.
 */
export async function* toAgUiEvents(
  parts: AsyncIterable<ChatPart[]>,
  run: RunIdentity,
): AsyncGenerator<AGUIEvent[]> {
  const teller = new Teller(run);
  yield teller.start();
  try {
    for await (const batch of parts) {
      const events = teller.tell(batch);
      if (events.length > 0) yield events;
      if (teller.isOver) return;
    }
    yield teller.fail("chat_interrupted");
  } catch {
    // The cause is logged where the parts are made; a client only needs to know that it ended.
    yield teller.fail("internal");
  }
}
