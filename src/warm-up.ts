import type { Sql } from "./db/client";
import { openConnections } from "./db/connections";
import { listCourses } from "./db/courses";
import type { Log } from "./log";
import { SEES_ALL } from "./principal";
import type { Embedder } from "./providers/embedder";
import { searchCourse } from "./retrieval/search";

export type WarmUpDeps = { db: Sql; embedder: Embedder; log: Log };

/**
 * Prepares a process of a fleet for the first requests, which can be a crowd because another process has just
 * stopped. Opens the connections of the pool, loads the local embedding model, and searches the newest course,
 * which runs the code and the statements of a search once. It calls no paid model. A failure or the end of the
 * time is logged only, because the first requests can do all of this too.
 *
 * @param connections  connections of the pool
 * @param timeoutMs    the longest delay of the start
 */
export async function warmUp(
  { db, embedder, log }: WarmUpDeps,
  { connections, timeoutMs = 15_000 }: { connections: number; timeoutMs?: number },
): Promise<void> {
  const signal = AbortSignal.timeout(timeoutMs);
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
  const prepare = async () => {
    await openConnections(db, connections);
    const { items } = await listCourses(db, { limit: 1 }, null);
    const [course] = items;
    if (!course) return;
    if (embedder.model.startsWith("local:")) {
      await embedder.embed([course.name], { purpose: "query", signal });
    }
    await searchCourse(
      { db, embedder },
      {
        course_id: course.id,
        viewer: SEES_ALL,
        query: course.name,
        top_k: 8,
        sources: ["lectures", "slides"],
        mode: "text", // the course can use a paid model
      },
      signal,
    );
  };
  try {
    await Promise.race([prepare(), late]);
  } catch (err) {
    log.warn({ err }, "the first requests are slow, because their preparation failed");
  }
}
