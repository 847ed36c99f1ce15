/**
 * Numbers written as words, in the languages that courses are mostly held in: English, German,
 * French and Spanish.
 */
const UNITS: [value: number, words: string][] = [
  [2, "two zwei deux dos"],
  [3, "three third drei trois tres"],
  [4, "four fourth vier quatre cuatro"],
  [5, "five fifth fünf cinq cinco"],
  [6, "six sixth sechs seis"],
  [7, "seven seventh sieben siete"],
  [8, "eight eighth acht huit ocho"],
  [9, "nine ninth neun nueve"],
  [10, "ten tenth zehn dix diez"],
  [11, "eleven eleventh onze"],
  [12, "twelve twelfth zwölf douze doce"],
  [13, "thirteen thirteenth dreizehn treize trece"],
  [14, "fourteen fourteenth vierzehn quatorze catorce"],
  [15, "fifteen fifteenth fünfzehn quinze"],
  [16, "sixteen sixteenth sechzehn dieciséis"],
  [17, "seventeen seventeenth siebzehn diecisiete"],
  [18, "eighteen eighteenth achtzehn dieciocho"],
  [19, "nineteen nineteenth neunzehn diecinueve"],
  [20, "twenty twentieth zwanzig vingt veinte"],
  [30, "thirty thirtieth dreißig trente treinta"],
  [40, "forty fortieth vierzig quarante cuarenta"],
  [50, "fifty fiftieth fünfzig cinquante cincuenta"],
  [60, "sixty sixtieth sechzig soixante sesenta"],
  [70, "seventy siebzig septante setenta"],
  [80, "eighty achtzig ochenta"],
  [90, "ninety neunzig nonante noventa"],
  [100, "hundred hundredth hundert cien"],
  [1_000, "thousand thousandth tausend"],
];

/** Words that are numbers in one sentence and something else in another: believed, never doubted. */
const AMBIGUOUS: [value: number, words: string][] = [
  [
    1,
    "one first a an once eins ein eine einen erste ersten erster un une premier première uno una primero primera",
  ],
  [
    2,
    "second both twice pair beide beiden zweite zweiten zweiter zweites deuxième segundo segunda ambos",
  ],
  [3, "dritte dritten dritter drittes troisième tercero tercera tercer triple"],
  [4, "vierte vierten vierter viertes quatrième cuarto cuarta"],
  [5, "fünfte fünften fünfter fünftes cinquième quinto quinta"],
  [7, "sept"],
  [9, "neuf"],
  [11, "elf once"],
  [15, "quince"],
  [16, "seize"],
  [50, "half hälfte moitié mitad"],
  [100, "cent"],
  [1_000, "mille mil"],
];

const toTable = (rows: [number, string][]) =>
  new Map(rows.flatMap(([value, words]) => words.split(" ").map((word) => [word, value] as const)));

const CERTAIN = toTable(UNITS);
const POSSIBLE = new Map([...CERTAIN, ...toTable(AMBIGUOUS)]);
const GERMAN_COMPOUND = /^(\p{L}{3,6})und(\p{L}{3,7}ig)$/u;
const SCALED = /^[\s-]+(?:m[ie]ll[io]|[bt]rillion|billion|milliard|mio|mrd)/i;

type Group = { from: number; to: number; value: number; last: number; isCertain: boolean };

/**
 * The text with digits for its numbers: "twenty-five" becomes "25", "seventeen forty seven" "1747".
 *
 * @param doubtful also words that are not always numbers, such as "one", "second" and "both"
 */
export function writeAsDigits(text: string, { doubtful }: { doubtful: boolean }): string {
  const groups: Group[] = [];
  for (const { 0: word, index: from } of text.matchAll(/\p{L}+/gu)) {
    const value = numberOf(word.toLowerCase());
    if (value === undefined) continue;
    const part = { from, to: from + word.length, value, last: value, isCertain: isCertain(word) };
    const group = groups.at(-1);
    const joined = group && join(group, part, text.slice(group.to, from));
    if (joined) groups[groups.length - 1] = joined;
    else groups.push(part);
  }
  const pieces: string[] = [];
  let done = 0;
  for (const { from, to, value, isCertain } of groups) {
    if (!doubtful && !isCertain && !SCALED.test(text.slice(to))) continue;
    pieces.push(text.slice(done, from), String(value));
    done = to;
  }
  return pieces.join("") + text.slice(done);
}

const isCertain = (word: string) =>
  CERTAIN.has(word.toLowerCase()) || GERMAN_COMPOUND.test(word.toLowerCase());

function numberOf(word: string): number | undefined {
  const [, unit = "", tens = ""] = GERMAN_COMPOUND.exec(word) ?? [];
  const known = POSSIBLE.get(word);
  if (known !== undefined || unit === "") return known;
  const sum = [POSSIBLE.get(unit), POSSIBLE.get(tens)];
  return sum.every((value) => value !== undefined) ? sum[0]! + sum[1]! : undefined;
}

/** One number of two that follow each other; undefined when they are two. */
function join(group: Group, part: Group, between: string): Group | undefined {
  const value = combine(group, part.value, between);
  if (value === undefined) return undefined;
  const isCertain = group.isCertain || part.isCertain;
  return { ...group, to: part.to, value, last: part.value, isCertain };
}

function combine({ value, last }: Group, next: number, between: string): number | undefined {
  const isAnd = /^\s+(?:and|et|y)\s+$/.test(between);
  if (!isAnd && !/^(?:\s|-)+$/.test(between)) return undefined;
  if (next === 1_000 && value < 1_000 && !isAnd) return value * 1_000;
  if (next === 100 && value < 100 && !isAnd) return value * 100;
  if (last >= 100 && next < 100 && (isAnd || last > next)) return value + next;
  if (last >= 20 && last < 100 && next < 10) return value + next;
  // In French 17, 80, 70 and 90; then years: nineteen forty-five, twenty nineteen.
  if (last === 10 && next >= 7 && next < 10 && between === "-") return value + next;
  if (last === 4 && next === 20) return value - 4 + 80;
  if ((last === 60 || (last === 20 && value % 100 === 80)) && next < 20) return value + next;
  if (!isAnd && value >= 11 && value <= 20 && next >= 10 && next < 100) return value * 100 + next;
  return undefined;
}
