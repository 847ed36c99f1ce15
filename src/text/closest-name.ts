import { editDistance } from "./edit-distance";

/**
 * The known name that a misspelt one probably means, such as DATABASE_URL for DATABSE_URL; null for a
 * name that resembles none. Names are words joined by underscores.
 */
export function closestName(given: string, known: readonly string[]): string | null {
  const name = given.toUpperCase();
  // Short names differ too little: HOME is not a misspelt HOST.
  const candidates = known.filter((one) => one.length > 4);
  const distances = candidates.map((one) => ({
    one,
    distance: editDistance(bare(name), bare(one)),
  }));
  const [best] = distances.sort((a, b) => a.distance - b.distance);
  if (best && best.distance <= (best.one.length > 7 ? 2 : 1)) return best.one;
  return candidates.find((one) => isAbbreviation(name, one)) ?? null;
}

const bare = (name: string) => name.replaceAll("_", "");

/** OPENAI_KEY for OPENAI_API_KEY: the same first word, and no other words. */
function isAbbreviation(name: string, known: string): boolean {
  const given = name.split("_");
  const words = known.split("_");
  return given.length > 1 && given[0] === words[0] && given.every((word) => words.includes(word));
}
