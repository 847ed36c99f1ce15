/** Asks one question in a new thread, as AG-UI clients do. */
export function ask(
  { url, course_id }: { url: string; course_id: string },
  init: RequestInit = {},
  content = "What is entropy?",
): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify({
      threadId: crypto.randomUUID(),
      runId: crypto.randomUUID(),
      protocolVersion: "1.0",
      messages: [{ id: crypto.randomUUID(), role: "user", content }],
      stream: true,
      tools: [],
      context: [],
      state: {},
      forwardedProps: { course_id },
    }),
    ...init,
  });
}

/** Reads to the end and counts bytes only, so that the client is not the bottleneck. */
export async function drain(response: Response): Promise<number> {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  let bytes = 0;
  for await (const chunk of response.body!) bytes += chunk.length;
  return bytes;
}

/** Reads until the text matches, and leaves the rest unread. */
export async function readUntil(response: Response, wanted: RegExp): Promise<void> {
  const decoder = new TextDecoder();
  const reader = response.body!.getReader();
  let read = "";
  while (!wanted.test(read)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`It ended without ${wanted}: ${read}`);
    read += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
}

/**
 * The milliseconds from the request until each pattern first matches the stream, which is read to its end.
 *
 * @param borders patterns in the order in which the stream matches them
 */
export async function readTimes<Border extends string>(
  request: () => Promise<Response>,
  borders: Record<Border, RegExp>,
): Promise<Record<Border, number>> {
  const times: Partial<Record<Border, number>> = {};
  const waiting = Object.keys(borders) as Border[];
  const decoder = new TextDecoder();
  const started = performance.now();
  let read = "";
  for await (const chunk of (await request()).body!) {
    read += decoder.decode(chunk, { stream: true });
    while (waiting.length > 0 && borders[waiting[0]!].test(read)) {
      times[waiting.shift()!] = performance.now() - started;
    }
  }
  if (waiting.length > 0) throw new Error(`It ended without ${waiting.join(", ")}: ${read}`);
  return times as Record<Border, number>;
}
