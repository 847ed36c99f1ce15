/** How many of the first chunks by words a search keeps that ranks only some of the chunks (docs/decisions/0056). */
import { type Candidate, findCandidates } from "../../src/db/chunks/candidates";
import type { Sql } from "../../src/db/client";
import { SEES_ALL } from "../../src/principal";
import { quantile, round } from "../lib";
import { type BenchCourse, seeded } from "./courses";

const FIRST = 10;
const QUESTIONS = 20;

/** Words of a question by their rank among all words, 1 for the most frequent: from and to. */
const KINDS: Record<string, [from: number, to: number][]> = {
  "three frequent, three rare": [...ranges(3, 2, 60), ...ranges(3, 500, 9_000)],
  "three frequent, one rare": [...ranges(3, 2, 60), ...ranges(1, 500, 9_000)],
  "four medium": ranges(4, 60, 500),
  "frequent only": ranges(3, 2, 30),
};

function ranges(count: number, from: number, to: number): [number, number][] {
  return Array.from({ length: count }, () => [from, to]);
}

/**
 * Compares searches in a course with searches that rank each chunk with any word of the question: these run without
 * the counts of words, in a transaction that is rolled back. Medians of the time in ms on this machine.
 */
export async function compareWords(sql: Sql, { id, chunks }: BenchCourse) {
  const random = seeded(7);
  const scope = { course_ids: [id], viewer: SEES_ALL, lectures: {}, slides: {} };
  const rows = [];
  for (const [question, words] of Object.entries(KINDS)) {
    const kept: number[] = [];
    const times = { whole: [] as number[], search: [] as number[] };
    for (let n = 0; n < QUESTIONS; n++) {
      const text = words
        .map(([from, to]) => `w${from + Math.floor(random() * (to - from))}`)
        .join(" ");
      const firstOf = async (db: Sql, elapsed: number[]) => {
        const started = performance.now();
        const { candidates } = await findCandidates(db, scope, { embeddings: [], text });
        elapsed.push(performance.now() - started);
        return candidates.toSorted(byWords).slice(0, FIRST);
      };
      const found = await firstOf(sql, times.search);
      const best = await withoutCounts(sql, id, (db) => firstOf(db, times.whole));
      const ids = new Set(found.map(({ chunk_id }) => chunk_id));
      kept.push(best.filter(({ chunk_id }) => ids.has(chunk_id)).length / best.length);
    }
    rows.push({
      "chunks of the course": chunks,
      question,
      "all ranked, ms": round(quantile(times.whole, 0.5)),
      "search, ms": round(quantile(times.search, 0.5)),
      "same of 10": round(kept.reduce((sum, share) => sum + share, 0) / kept.length, 2),
    });
  }
  return rows;
}

const byWords = (a: Candidate, b: Candidate) =>
  b.text_score! - a.text_score! || (a.chunk_id < b.chunk_id ? -1 : 1);

async function withoutCounts<T>(
  sql: Sql,
  course_id: string,
  run: (db: Sql) => Promise<T>,
): Promise<T> {
  const connection = await sql.reserve();
  try {
    await connection`begin`;
    await connection`delete from word_counts where course_id = ${course_id}`;
    return await run(connection);
  } finally {
    await connection`rollback`;
    connection.release();
  }
}
