import { describe, expect, test } from "bun:test";
import type { Candidate } from "../../src/db/chunks/candidates";
import { joinTexts } from "../../src/retrieval/join-texts";
import { rank, type Scored } from "../../src/retrieval/rank";
import { MAX_CHUNKS, selectHits } from "../../src/retrieval/select-passages";
import { type Random, seededRandom } from "../support/random";

const candidate = (chunk_id: string, more: Partial<Candidate> = {}): Candidate => ({
  chunk_id,
  source: "lectures",
  asset_id: "a",
  chunk_index: 0,
  page_number: null,
  title: null,
  model: "m",
  distance: null,
  text_score: null,
  lexemes: [],
  ...more,
});
const ids = (ranking: { chunk_id: string }[]) => ranking.map(({ chunk_id }) => chunk_id);

/** Any candidates at all, from few assets, with distances and scores that tie now and then. */
function anyCandidates(random: Random): Candidate[] {
  return random.list(random.integer(0, 40), (i) =>
    candidate(`c${String(i).padStart(2, "0")}`, {
      asset_id: random.pick(["a", "b", "c"]),
      chunk_index: i,
      model: random.pick(["m", "n"]),
      distance: random.chance(0.7) ? random.integer(0, 20) / 10 : null,
      text_score: random.chance(0.5) ? random.integer(1, 9) : null,
    }),
  );
}

const shuffled = <T>(items: T[], random: Random) =>
  items.toSorted(() => (random.chance(0.5) ? 1 : -1));

describe("rank", () => {
  test("mixes both legs, each relative to this question", () => {
    const ranked = rank(
      [
        candidate("near", { distance: 0.2, text_score: 1 }),
        candidate("worded", { distance: 0.6, text_score: 4 }),
        candidate("neither", { distance: 0.4 }),
      ],
      "hybrid",
      0.5,
    );

    expect(ranked.map(({ chunk_id, score }) => [chunk_id, score])).toEqual([
      ["near", 0.5 + 0.125],
      ["worded", 0.5],
      ["neither", expect.closeTo(0.25)],
    ]);
  });

  test("alone, similarity is the cosine and words are relative to the best match", () => {
    const two = [
      candidate("a", { distance: 0.2, text_score: 1 }),
      candidate("b", { text_score: 4 }),
    ];

    expect(rank(two, "vector").map(({ score }) => score)).toEqual([0.8, 0]);
    expect(rank(two, "text").map(({ score }) => score)).toEqual([1, 0.25]);
  });

  test("orders by id what is shown with one score", () => {
    const almost = [candidate("b", { text_score: 4.000001 }), candidate("a", { text_score: 4 })];

    expect(ids(rank(almost, "text"))).toEqual(["a", "b"]);
  });

  test("orders equal scores by place and title, because ids change when material is ingested again", () => {
    const equal = (id: string, chunk_index: number, title: string) =>
      candidate(id, { text_score: 4, chunk_index, title });
    const one = [equal("b", 0, "Codes"), equal("a", 1, "Codes"), equal("c", 0, "Bits")];
    const again = [equal("a", 0, "Codes"), equal("c", 1, "Codes"), equal("b", 0, "Bits")];
    const places = (ranking: Scored[]) =>
      ranking.map(({ title, chunk_index }) => `${title} ${chunk_index}`);

    expect(places(rank(one, "text"))).toEqual(["Bits 0", "Codes 0", "Codes 1"]);
    expect(places(rank(again, "text"))).toEqual(["Bits 0", "Codes 0", "Codes 1"]);
    const limits = { top_k: 3, perAsset: 3 };
    const bestOf = (some: Candidate[]) =>
      selectHits(rank(some, "text"), limits).map(({ best }) => best);
    expect(places(bestOf(again))).toEqual(places(bestOf(one)));
  });

  test("vectors of one model have a range of their own, independent of other models", () => {
    const ranked = rank(
      [
        candidate("close m", { distance: 0.1, model: "m" }),
        candidate("far m", { distance: 0.2, model: "m" }),
        candidate("close n", { distance: 0.8, model: "n" }),
        candidate("far n", { distance: 0.9, model: "n" }),
      ],
      "hybrid",
      1,
    );

    expect(ids(ranked)).toEqual(["close m", "close n", "far m", "far n"]);
  });

  test("is the same for any order of candidates, from 0 to 1, best first, ties by id", () => {
    const random = seededRandom(5);
    for (let round = 0; round < 300; round++) {
      const candidates = anyCandidates(random);
      const mode = random.pick(["hybrid", "vector", "text"] as const);
      const ranked = rank(candidates, mode);

      expect(rank(shuffled(candidates, random), mode)).toEqual(ranked);
      expect(ranked.every(({ score }) => score >= 0 && score <= 1)).toBe(true);
      const inOrder = ranked.every(
        (hit, i) =>
          i === 0 ||
          ranked[i - 1]!.score > hit.score ||
          (ranked[i - 1]!.score === hit.score && ranked[i - 1]!.chunk_id < hit.chunk_id),
      );
      expect(inOrder).toBe(true);
    }
  });
});

describe("choose", () => {
  const scored = (chunk_index: number, score: number, asset_id = "a"): Scored => ({
    ...candidate(`${asset_id}${chunk_index}`, { chunk_index, asset_id }),
    score,
    similarity: score,
    words: score,
  });
  const indexes = (hits: ReturnType<typeof selectHits>) =>
    hits.map(({ chunks }) => chunks.map(({ chunk_index }) => chunk_index));

  test("chunks that follow each other are one hit, under the better one's id and score", () => {
    const [hit] = selectHits([scored(5, 1), scored(4, 0.8)], { top_k: 3, perAsset: 3 });

    expect(hit!.chunks.map(({ chunk_index }) => chunk_index)).toEqual([4, 5]);
    expect(hit!.best.chunk_id).toBe("a5");
  });

  test("a chunk that connects two hits makes them one, and room for another", () => {
    const ranking = [scored(1, 1), scored(3, 0.9), scored(2, 0.8), scored(9, 0.7)];

    expect(indexes(selectHits(ranking, { top_k: 3, perAsset: 3 }))).toEqual([[1, 2, 3], [9]]);
  });

  test("pages stay apart, however well both fit; two chunks of one page do not", () => {
    const ranking = [1, 2, 2].map((page_number, i) => ({ ...scored(i, 1 - i / 10), page_number }));

    expect(indexes(selectHits(ranking, { top_k: 5, perAsset: 5 }))).toEqual([[0], [1, 2]]);
  });

  test("a much weaker neighbour stays apart", () => {
    const ranking = [scored(1, 1), scored(2, 0.3)];

    expect(indexes(selectHits(ranking, { top_k: 3, perAsset: 3 }))).toEqual([[1], [2]]);
  });

  test("one asset gets no more than its share while others have something to say", () => {
    const ranking = [scored(1, 1), scored(3, 0.9), scored(5, 0.8), scored(1, 0.7, "b")];

    expect(indexes(selectHits(ranking, { top_k: 3, perAsset: 2 }))).toEqual([[1], [3], [1]]);
    expect(indexes(selectHits(ranking, { top_k: 4, perAsset: 2 }))).toEqual([[1], [3], [5], [1]]);
  });

  test("for any candidates: no chunk twice, neighbours in order, no passage too long, best first", () => {
    const random = seededRandom(7);
    for (let round = 0; round < 300; round++) {
      const ranking = rank(anyCandidates(random), "hybrid");
      const top_k = random.integer(1, 12);
      const perAsset = random.integer(1, top_k);
      const hits = selectHits(ranking, { top_k, perAsset });
      const all = hits.flatMap(({ chunks }) => chunks);

      expect(new Set(ids(all)).size).toBe(all.length);
      expect(hits.length).toBeLessThanOrEqual(top_k);
      for (const { best, chunks } of hits) {
        const first = chunks[0]!.chunk_index;
        expect(chunks.map(({ chunk_index }) => chunk_index - first)).toEqual(
          chunks.map((_, i) => i),
        );
        expect(chunks.length).toBeLessThanOrEqual(MAX_CHUNKS);
        expect(new Set(chunks.map(({ asset_id }) => asset_id)).size).toBe(1);
        expect(best.score).toBe(Math.max(...chunks.map(({ score }) => score)));
      }
      expect(hits.map(({ best }) => best.score)).toEqual(
        hits.map(({ best }) => best.score).sort((a, b) => b - a),
      );
      if (ranking.length > 0) expect(hits[0]!.best.chunk_id).toBe(ranking[0]!.chunk_id);
    }
  });
});

describe("joinTexts", () => {
  test("says once what the next chunk repeats at its head", () => {
    expect(joinTexts(["A first thought. A second one.", "A second one. A third."])).toBe(
      "A first thought. A second one. A third.",
    );
  });

  test("says the heading of a page once", () => {
    expect(joinTexts(["Entropy\nPart 1\n\n- measures", "Entropy\nPart 1\n\n- surprise"])).toBe(
      "Entropy\nPart 1\n\n- measures\n\n- surprise",
    );
  });

  test("takes no part of a word for a repetition", () => {
    expect(joinTexts(["the car", "carries on"])).toBe("the car carries on");
  });

  test("keeps texts that share nothing, and one that repeats another wholly", () => {
    expect(joinTexts(["one", "two", "three"])).toBe("one two three");
    expect(joinTexts(["one two", "two"])).toBe("one two");
  });
});
