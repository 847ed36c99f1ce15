import { type BaseEvent, HttpAgent, verifyEvents } from "@ag-ui/client";
import { HttpAgent as OldHttpAgent, verifyEvents as oldVerifyEvents } from "@ag-ui/client-0.0.59";
import type { Message } from "@ag-ui/core";
import { EventSchema } from "@ag-ui/core/schemas";
import { from, lastValueFrom, toArray } from "rxjs";

/** Both dialects that are alive: what 1.0 added, and what CopilotKit pins. */
export const CLIENTS = [
  ["1.0", HttpAgent],
  ["0.0.59", OldHttpAgent as unknown as typeof HttpAgent],
] as const;

/** What a client needs to take part in a test. */
export type Client = InstanceType<typeof HttpAgent>;

/** Fails unless events obey the schema of 1.0 and the order that both clients enforce. */
export async function verify(events: unknown[]): Promise<void> {
  for (const event of events) EventSchema.parse(event);
  await lastValueFrom(verifyEvents()(from(events as BaseEvent[])).pipe(toArray()));
  await lastValueFrom(oldVerifyEvents()(from(events) as never).pipe(toArray() as never) as never);
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever was sent
export type AnyEvent = { type: string; [field: string]: any };

/** Reads the events of a stream; `until` stops early and leaves. */
export async function readEvents(
  response: Response,
  until: (events: AnyEvent[]) => boolean = () => false,
): Promise<AnyEvent[]> {
  const events: AnyEvent[] = [];
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk, { stream: true });
    const frames = text.split("\n\n");
    text = frames.pop()!;
    for (const frame of frames) {
      if (frame.startsWith("data: ")) events.push(JSON.parse(frame.slice("data: ".length)));
      if (until(events)) return events;
    }
  }
  return events;
}

/** Reads a stream to its end while the test goes on; `seen` settles once its events are as wanted. */
export function follow(response: Response, wanted: (events: AnyEvent[]) => boolean) {
  const seen = Promise.withResolvers<void>();
  const events = readEvents(response, (events) => {
    if (wanted(events)) seen.resolve();
    return false;
  });
  events.catch(seen.reject); // also when nobody waits for the end, which may be a cut connection
  return { seen: seen.promise, events };
}

export const typesOf = (events: AnyEvent[]) => events.map(({ type }) => type);

/** The body of a run, as a client of 1.0 sends it unless told otherwise. */
export function runInput(course_id: string, messages: Message[], more: object = {}) {
  return {
    threadId: crypto.randomUUID(),
    runId: crypto.randomUUID(),
    protocolVersion: "1.0",
    messages,
    tools: [],
    context: [],
    state: {},
    forwardedProps: { course_id },
    ...more,
  };
}

export const user = (content: string, id: string = crypto.randomUUID()): Message => ({
  id,
  role: "user",
  content,
});
