import { writeAsDigits } from "./number-words";

/** One number of a text in each way that it can be read; a reading is the values that it holds. */
type Readings = string[][];

const SUPERSCRIPTS = /[⁺⁻⁰¹²³⁴-⁹]+/g;
const DASHES = /[‐‑‒–—―−]/g;
/** A sign, not a dash: nothing before it that it could join. */
const SIGN = /(?<=^|[\s([{=^<>~≈:"“„«])-$/;
const NUMBER =
  /(?<!\d)(?:\d{1,3}(?:([ \u00a0\u2009\u202f'’])\d{3})(?:\1\d{3})*(?!\d)(?:[.,]\d+)?|\d+(?:[.,:]\d+)*)/g;
const SCALE =
  /^(?:[\s-]?(hundred|thousand|tausend|tsd|mille?|mil|mi(?:ll?i[oó]n(?:s|en|es)?|llones|o)|mn|b(?:illi[oó]n(?:s|en|es)?|n)|milliarden?|milliards?|mrd|trilli[oó]n(?:s|en|es)?)(?![\p{L}\d])|([kM])(?![\p{L}\d]))/iu;

/**
 * The numbers of a claim, digits and words alike: `1,000`, `1 000`, `1.000` and "a thousand" are one,
 * and so are `6.02e23` and `6.02 × 10^23`. A list item's own number is none.
 */
export function readNumbers(claim: string): Readings[] {
  return read(writeAsDigits(withoutLabel(claim), { doubtful: false }));
}

/** All that the numbers of a source may be read as. */
export function knownNumbers(source: string): Set<string> {
  const digits = read(source);
  const words = read(writeAsDigits(source, { doubtful: true }));
  // "-5" in the first column may be an item of a list.
  const items = read(source.replace(/^[-–−](?=\d)/gm, " "));
  const ratios = read(source.replace(/(?<=\d):(?=\d(?!\d))/g, " "));
  return new Set([...digits, ...words, ...items, ...ratios].flat(2));
}

/** Do sources hold this number in one of its readings? */
export const isHeld = (readings: Readings, sources: ReadonlySet<string>[]) =>
  readings.some((values) => values.every((value) => sources.some((known) => known.has(value))));

const LABEL =
  /^\s*(?:[>*+-]\s+)*[*_]*(?:\d+[.)]\s+|#+\s+(?:\d+[.)]\s+)?|(?:step|part|point|reason|schritt|teil|punkt|grund|étape|partie|raison|paso|parte|razón)\s+\d+\s*[:.)])/iu;
const withoutLabel = (claim: string) => claim.replace(LABEL, " ");

function read(text: string): Readings[] {
  const plain = prepare(text);
  return [...plain.matchAll(NUMBER)].map(({ 0: number, 1: gap, index }) => {
    const sign = SIGN.test(plain.slice(Math.max(0, index - 2), index)) ? "-" : "";
    const factor = scaleOf(plain.slice(index + number.length));
    const readings = factor === undefined ? readingsOf(number, gap) : scaled(number, gap, factor);
    return readings.map(([first, ...rest]) => [sign + first!, ...rest]);
  });
}

/** Powers and exponents one way: `10²³`, `10^{23}` and `1e23` hold 10 and 23. */
const prepare = (text: string) =>
  text
    .replace(SUPERSCRIPTS, (power) => ` ^${power.normalize("NFKC")} `)
    .normalize("NFKC")
    .replace(DASHES, "-")
    .replace(/\b(?:minus|moins|menos)\s+(?=\d)/gi, "-")
    .replace(/(?<=\d)(?:\{,\}|\\[,;!])(?=\d{3})/g, "")
    .replace(/\b(?:squared|quadrat|carré|cuadrado)\b/gi, " ^2 ")
    .replace(/\b(?:cubed|cube|cubic)\b/gi, " ^3 ")
    .replace(/(?<=\d)e([+-]?)(?=\d)/gi, (_, sign) => ` 10 ^${sign === "-" ? "-" : ""}`);

function scaleOf(after: string): number[] | undefined {
  const [, word = "", letter = ""] = SCALE.exec(after) ?? [];
  // 5m are metres.
  if (letter === "m" || word + letter === "") return undefined;
  const scale = (word || letter).toLowerCase();
  if (scale === "hundred") return [1e2];
  if (/^(?:thousand|tausend|tsd|mille?|mil|k)$/.test(scale)) return [1e3];
  if (/^(?:milliard|mrd|bn)/.test(scale)) return [1e9];
  // A German or French billion has a thousand milliards.
  if (scale.startsWith("b")) return [1e9, 1e12];
  return scale.startsWith("t") ? [1e12, 1e18] : [1e6];
}

const scaled = (number: string, gap: string | undefined, factors: number[]): Readings =>
  readingsOf(number, gap)
    .filter((values) => values.length === 1)
    .flatMap(([value]) => factors.map((factor) => [canonical(Number(value) * factor)]));

/** What stands between digits may group them, begin a fraction, or part two numbers. */
function readingsOf(number: string, gap: string | undefined): Readings {
  if (number.includes(":")) return [[clock(number)]];
  if (gap !== undefined) {
    const apart = number.split(gap).map((part) => canonical(Number(part.replace(",", "."))));
    return [...readingsOf(number.replaceAll(gap, ""), undefined), apart];
  }
  const marks: string[] = number.match(/[.,]/g) ?? [];
  const [whole = "", ...groups] = number.split(/[.,]/);
  if (marks.length === 0) return [[canonical(Number(number), number)]];
  const grouped = /^[1-9]\d{0,2}$/.test(whole) && groups.every((group) => group.length === 3);
  const isOneMark = new Set(marks).size === 1;
  const fraction = canonical(Number(number.replace(",", ".")));
  if (marks.length === 1) {
    return grouped ? [[canonical(Number(whole + groups[0]))], [fraction]] : [[fraction]];
  }
  if (isOneMark && grouped) return [[canonical(Number(whole + groups.join("")))]];
  if (!isOneMark && marks.lastIndexOf(marks[0]!) === marks.length - 2) {
    return [[canonical(Number(`${whole}${groups.slice(0, -1).join("")}.${groups.at(-1)}`))]];
  }
  return [[number]]; // a version, a date
}

/** 0:07 and 00:07 are one moment. */
const clock = (time: string) => time.replace(/^0+(?=\d)/, "");

const canonical = (value: number, written = "") =>
  Number.isSafeInteger(value) || !/^\d+$/.test(written)
    ? String(Number(value.toPrecision(15)))
    : written.replace(/^0+/, "");
