import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { eld } from "eld/extrasmall";

/** The scores of an n-gram, which the library adds up for a text, by the number of the language. */
export type NgramScores = Record<string, number>;

type LanguageDetectorModule = {
  createEld(): { instance: Pick<typeof eld, "detect">; loadData(data: object): void };
};

/** `src/entries` of the library. */
const ENTRIES = join(Bun.fileURLToPath(import.meta.resolve("eld/extrasmall")), "..");

/**
 * Opens the library's language detector on its smallest set of n-grams, without loading that set as a module.
 *
 * As a module, the 50 000 n-grams are as many objects, 43 MB in each thread. Here they remain text, and a table
 * has the place of each: 8 MB.
 *
 * @throws Error when the library's files are missing or have another form
 */
export function openLanguageDetector(): Pick<typeof eld, "detect"> {
  const { createEld } = require(join(ENTRIES, "../languageDetector.js")) as LanguageDetectorModule;
  const { header, find } = readNgrams(
    readFileSync(join(ENTRIES, "../ngrams/extrasmall.js"), "utf8"),
  );
  const { instance, loadData } = createEld();
  const ngrams = new Proxy({}, { get: (_, ngram) => find(String(ngram)) });
  loadData({ ...header, ngrams });
  return instance;
}

/** `type:'XS60',languages:{0:'am',1:'ar'},…,ngrams:{` */
const HEADER = /\btype:'(\w+)',languages:\{([^}]*)\}[^{}]*,ngrams:\{/;
/**
 * Reads the n-grams from the source text of the library's module. Exported for tests.
 *
 * @throws Error when the text has another form
 */
export function readNgrams(source: string): {
  header: { type: string; languages: Record<string, string> };
  size: number;
  find(ngram: string): NgramScores | undefined;
} {
  const header = HEADER.exec(source);
  if (!header) throw new Error(OTHER_FORM);
  const languages = Object.fromEntries(
    [...header[2]!.matchAll(/(\d+):'(\w+)'/g)].map(([, number, code]) => [number!, code!]),
  );

  // The place of each n-gram in the text; 0 is free. The shortest entry has 7 characters.
  const places = new Uint32Array(2 ** Math.ceil(Math.log2(source.length / 7)));
  let size = 0;
  for (let at = header.index + header[0].length; source[at] !== "}"; size += 1) {
    const { ngram, scores } = readEntry(source, at);
    places[findSlot(source, places, ngram)] = at;
    const end = source.indexOf("}", scores) + 1;
    at = source[end] === "," ? end + 1 : end;
  }
  return {
    header: { type: header[1]!, languages },
    size,
    find: (ngram) => {
      const at = places[findSlot(source, places, ngram)]!;
      return at === 0 ? undefined : readScores(source, readEntry(source, at).scores);
    },
  };
}

const OTHER_FORM = "The n-grams of the package eld have another form";

/** Reads the n-gram at a place, such as `'ëLéQ ':{0:140,7:12}` or `L_QL:{0:148}`, and where its scores begin. */
function readEntry(source: string, at: number): { ngram: string; scores: number } {
  const quote = source[at]!;
  const isQuoted = quote === "'" || quote === '"';
  const start = isQuoted ? at + 1 : at;
  let end = source.indexOf(isQuoted ? quote : ":", start);
  while (isQuoted && source[end - 1] === "\\" && source[end - 2] !== "\\") {
    end = source.indexOf(quote, end + 1);
  }
  const scores = end + (isQuoted ? ":{" : "{").length + 1;
  if (end < start || source[scores - 1] !== "{") throw new Error(OTHER_FORM);
  const ngram = source.slice(start, end);
  return { ngram: ngram.includes("\\") ? ngram.replace(/\\(.)/g, "$1") : ngram, scores };
}

function readScores(source: string, start: number): NgramScores {
  const pairs = source.slice(start, source.indexOf("}", start)).split(",");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [language, score] = pair.split(":");
      return [language!, Number(score)];
    }),
  );
}

/** The slot of an n-gram in the hash table, or the free slot where it belongs. */
function findSlot(source: string, places: Uint32Array, ngram: string): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (let index = 0; index < ngram.length; index += 1) {
    hash = Math.imul(hash ^ ngram.charCodeAt(index), 0x01000193);
  }
  const last = places.length - 1;
  let slot = (hash ^ (hash >>> 15)) & last;
  while (places[slot] !== 0 && readEntry(source, places[slot]!).ngram !== ngram) {
    slot = (slot + 1) & last;
  }
  return slot;
}
