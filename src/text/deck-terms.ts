import { isQuestionWord } from "./question-words";

/** One page of a deck: its text, and its title and key terms where they are known. */
export type TermPage = {
  text: string;
  title?: string | null | undefined;
  tags?: readonly string[] | undefined;
};

/** Words with hyphens, apostrophes and digits inside: `Gram-Schmidt`, `Green's`, `CO2`. */
const WORD = /[\p{L}\p{M}][\p{L}\p{M}\p{N}]*(?:[-'’][\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*/gu;
const ADDRESS = /\b(?:https?:\/\/|www\.)\S+|\S+@\S+/g;
const ACRONYM = /^[\p{Lu}\p{N}]*\p{Lu}[\p{Lu}\p{N}]*\p{Lu}[\p{Lu}\p{N}]*s?$|^\p{Lu}+\p{N}+$/u;
const MIXED_CASE = /\p{Ll}\p{Lu}/u;
const MIN_LETTERS = 4;
const MAX_LETTERS = 40;
/** Above this, the vocabulary of the tokenizer says no more about how rare a word is. */
const MAX_RARITY = 5;

type FoundWord = {
  /** How often each form occurs, such as `Eigenvalue` and `eigenvalue`. */
  forms: Map<string, number>;
  pages: Set<number>;
  /** Occurrences after another word of the same line. There a capital letter marks a name. */
  inside: number;
  /** Inside a line with a capital letter. */
  names: number;
  inTitle: boolean;
};

/**
 * Terms, names and acronyms of slides, in the form in which speech contains them; the rarest first.
 *
 * How rare a word is in its language is estimated by its tokens: common words are one token of the
 * vocabulary, `eigenvalue` is three. Among equally rare words, those of fewer pages come first. A title is
 * a term too and follows the rarest of its words. Common words are terms only if they are in a title.
 *
 * @param countTokens  of the tokenizer; `countTokens` of `tokens.ts`
 */
export function rankDeckTerms(
  pages: readonly TermPage[],
  countTokens: (text: string) => number,
): string[] {
  const found = findWords(pages);
  const idf = (count: number) => Math.max(0, Math.log((pages.length + 1) / (count + 0.5)));
  const rarities = new Map<string, number>();
  const ranked: { term: string; score: number }[] = [];
  for (const [key, word] of found) {
    const form = spokenForm(word);
    const rarity = rarityOf(form, word, countTokens);
    if (rarity === 0) continue;
    rarities.set(key, rarity);
    ranked.push({ term: form, score: rarity + idf(word.pages.size) / 10 });
  }
  for (const phrase of new Set(pages.flatMap(phrasesOf))) {
    const words = (phrase.match(WORD) ?? []).map((word) => rarities.get(keyOf(word)) ?? 0);
    if (Math.max(...words) > 0) ranked.push({ term: phrase, score: Math.max(...words) - 0.2 });
  }
  ranked.sort((a, b) => b.score - a.score || (a.term < b.term ? -1 : 1));
  return [...new Map(ranked.map(({ term }) => [term.toLowerCase(), term] as const).reverse())]
    .reverse()
    .map(([, term]) => term);
}

function findWords(pages: readonly TermPage[]): Map<string, FoundWord> {
  const found = new Map<string, FoundWord>();
  pages.forEach(({ text, title }, page) => {
    const lines = text.replace(ADDRESS, " ").split(/\n|[.!?:]\s/);
    [title ?? "", ...lines].forEach((line, n) => {
      (line.match(WORD) ?? []).forEach((form, i) => {
        const key = keyOf(form);
        const entry = found.get(key) ?? newWord();
        found.set(key, entry);
        if (n === 0) entry.inTitle = true;
        entry.forms.set(form, (entry.forms.get(form) ?? 0) + 1);
        entry.pages.add(page);
        if (i > 0) entry.inside++;
        if (i > 0 && /^\p{Lu}/u.test(form)) entry.names++;
      });
    });
  });
  return found;
}

const newWord = (): FoundWord => ({
  forms: new Map(),
  pages: new Set(),
  inside: 0,
  names: 0,
  inTitle: false,
});

const keyOf = (word: string) => word.toLowerCase().replaceAll("’", "'");

/** The form that speech has: in lower case if the slides have that anywhere, else the most frequent. */
function spokenForm({ forms }: FoundWord): string {
  const all = [...forms].sort((a, b) => b[1] - a[1]).map(([form]) => form);
  return all.find((form) => form === form.toLowerCase()) ?? all[0]!;
}

/** 0 for a word that is no term. */
function rarityOf(
  form: string,
  { names, inside, inTitle }: FoundWord,
  countTokens: (text: string) => number,
): number {
  if (isQuestionWord(form) || form.length > MAX_LETTERS) return 0;
  if (ACRONYM.test(form) && form.length > 1) return MAX_RARITY - 1;
  if (MIXED_CASE.test(form)) return MAX_RARITY - 1;
  const tokens = Math.min(MAX_RARITY, countTokens(` ${form.toLowerCase()}`));
  if (form.length < MIN_LETTERS && !UNSPACED_WORD.test(form)) return 0;
  if (tokens > 1) return tokens;
  // A common word with a capital letter inside every line is a name, such as Bush.
  if (/^\p{Lu}/u.test(form) && inside > 1 && names === inside) return 1;
  return inTitle ? 0.5 : 0;
}

/** Terms of these scripts have two or three characters. */
const UNSPACED_WORD = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]{2,12}$/u;

/** The title and the key terms of a page that have two to five words. */
function phrasesOf({ title, tags = [] }: TermPage): string[] {
  return [title ?? "", ...tags].flatMap((phrase) => {
    const words = phrase.match(WORD) ?? [];
    return words.length >= 2 && words.length <= 5 ? [words.join(" ")] : [];
  });
}
