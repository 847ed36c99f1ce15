/**
 * How many of the closest vectors a comparison of their bits keeps, with the local model (docs/decisions/0069):
 *
 *   bun bench/retrieval/bits.ts FOLDER
 *
 * FOLDER is a set in BEIR's layout. Embedding takes about a minute for 600 documents.
 */
import { openLocalEmbedder } from "../../src/providers/local/embedder";
import { startLocalEmbedder } from "../../src/providers/local/embedding-server";
import { readBeirSet } from "../../src/retrieval/beir";
import { round, toTable } from "../lib";

const SHARES = [0.02, 0.05, 0.1, 0.2];
const DIMENSIONS = 1_024;
const TEXTS_PER_CALL = 32;

type Question = { exact: number[]; rankByBits: Map<number, number> };

async function main(): Promise<void> {
  const set = await readBeirSet(process.argv[2]!);
  const server = startLocalEmbedder();
  const embedder = openLocalEmbedder(server.url);
  const embed = async (texts: string[], purpose: "document" | "query") => {
    const vectors: number[][] = [];
    for (let i = 0; i < texts.length; i += TEXTS_PER_CALL) {
      const signal = AbortSignal.timeout(600_000);
      const { embeddings } = await embedder.embed(texts.slice(i, i + TEXTS_PER_CALL), {
        purpose,
        signal,
      });
      vectors.push(...embeddings);
    }
    return vectors;
  };
  const documents = await embed(
    set.documents.map(({ title, text }) => `${title}\n${text}`.trim() || "-"),
    "document",
  );
  const asked = await embed(
    set.questions.map(({ text }) => text),
    "query",
  );
  await server.close();

  const bits = documents.map(toBits);
  const questions = asked.map((vector): Question => {
    const own = toBits(vector);
    const byBits = orderBy(bits, (other) => different(own, other));
    return {
      exact: orderBy(documents, (other) => -dot(vector, other)),
      rankByBits: new Map(byBits.map((document, rank) => [document, rank])),
    };
  });
  const rows = SHARES.map((share) => {
    const compared = Math.round(share * documents.length);
    const kept = (first: number) =>
      questions.reduce((sum, { exact, rankByBits }) => {
        const found = exact.slice(0, first).filter((i) => rankByBits.get(i)! < compared);
        return sum + found.length / first;
      }, 0) / questions.length;
    return {
      "compared whole": `${compared} of ${documents.length}`,
      "first 1": round(kept(1), 3),
      "first 10": round(kept(10), 3),
      "first 100": round(kept(100), 3),
    };
  });
  console.log(toTable(rows));
}

/** The positions of the values, lowest score first. */
function orderBy<T>(values: T[], score: (value: T) => number): number[] {
  const scored = values.map((value, i) => ({ i, score: score(value) }));
  return scored.toSorted((a, b) => a.score - b.score).map(({ i }) => i);
}

const toBits = (vector: number[]) => vector.slice(0, DIMENSIONS).map((value) => value > 0);
const different = (a: boolean[], b: boolean[]) =>
  a.reduce((sum, bit, i) => sum + Number(bit !== b[i]), 0);
const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

await main();
