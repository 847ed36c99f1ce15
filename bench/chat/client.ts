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
