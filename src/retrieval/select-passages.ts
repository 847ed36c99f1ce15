import { compareScored, type Scored } from "./rank";

/** Consecutive chunks of one asset, in order, and the best of them. */
export type Hit = { best: Scored; chunks: Scored[] };

/** Chunks in one passage: about 900 tokens, or one page of text. */
export const MAX_CHUNKS = 3;

/** A chunk is joined to its neighbour if it has at least this share of the neighbour's score. */
const RELATED = 0.5;

type SelectionLimits = {
  /** Passages wanted. */
  top_k: number;
  /** Maximum number of passages of one asset while other assets have candidates. */
  perAsset: number;
};

/**
 * Selects the best `top_k` hits of a ranking. Consecutive chunks become one hit when both are among
 * the best and their scores are similar; the hit has the better score. Chunks of different pages are not
 * joined, because a citation opens one page. An asset gets at most `perAsset` hits, unless the others
 * do not fill the list.
 *
 * @param ranking  best first
 */
export function selectHits(ranking: Scored[], { top_k, perAsset }: SelectionLimits): Hit[] {
  const hits: Hit[] = [];
  const leftOver: Scored[] = [];
  const shares = new Map<string, number>();

  for (const chunk of ranking) {
    if (hits.length === top_k) break;
    if (join(hits, chunk, shares)) continue;
    const share = shares.get(chunk.asset_id) ?? 0;
    if (share < perAsset) {
      hits.push(toHit([chunk]));
      shares.set(chunk.asset_id, share + 1);
    } else {
      leftOver.push(chunk);
    }
  }
  for (const chunk of leftOver) {
    if (hits.length === top_k) break;
    if (!join(hits, chunk, shares)) hits.push(toHit([chunk]));
  }
  return hits.sort((a, b) => compareScored(a.best, b.best));
}

/** Joins a chunk to the hit next to it, and two hits that it connects; false when no hit has room. */
function join(hits: Hit[], chunk: Scored, shares: Map<string, number>): boolean {
  const beside = hits.filter(({ best, chunks }) => isBeside(chunks, chunk) && related(best, chunk));
  const connected = [...beside.flatMap(({ chunks }) => chunks), chunk];
  const [first, second] = beside;
  if (first && second && connected.length <= MAX_CHUNKS) {
    hits.splice(hits.indexOf(second), 1);
    shares.set(chunk.asset_id, shares.get(chunk.asset_id)! - 1);
    Object.assign(first, toHit(connected));
    return true;
  }
  const roomy = beside.find(({ chunks }) => chunks.length < MAX_CHUNKS);
  if (roomy) Object.assign(roomy, toHit([...roomy.chunks, chunk]));
  return roomy !== undefined;
}

const related = (a: Scored, b: Scored) =>
  Math.min(a.score, b.score) >= RELATED * Math.max(a.score, b.score);

const toHit = (chunks: Scored[]): Hit => ({
  best: chunks.toSorted(compareScored)[0]!,
  chunks: chunks.sort(inOrder),
});

const inOrder = (a: Scored, b: Scored) => a.chunk_index - b.chunk_index;

function isBeside(chunks: Scored[], { asset_id, chunk_index, page_number }: Scored): boolean {
  const first = chunks[0]!;
  const last = chunks.at(-1)!;
  return (
    first.asset_id === asset_id &&
    first.page_number === page_number &&
    (first.chunk_index === chunk_index + 1 || last.chunk_index === chunk_index - 1)
  );
}
