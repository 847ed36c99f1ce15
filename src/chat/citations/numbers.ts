import { toAsciiDigit } from "../../text/digits";
import { monthsOf } from "./months";

/** A number in a text that `prepareNumbers` returned. */
export type NumberInText = {
  /** The digits with their separators, without sign and scale. */
  digits: string;
  /** Offsets of the digits. */
  start: number;
  end: number;
  /** End of a scale word behind the digits, as in `3 million`; without one, `end`. */
  scaleEnd: number;
  /** Letters directly before the digits, as in `IPv6`, `x_1` or `m^2`. */
  prefix: string;
  /** Each way to read it. A reading is a list of values, and a source must hold all of them. */
  readings: string[][];
};

const SUPERSCRIPTS = /[⁺⁻⁰¹²³⁴-⁹]+/g;
/** `2½` is 2.5. */
const PARTS: Record<string, string> = { "½": "5", "¼": "25", "¾": "75", "⅛": "125", "⅕": "2" };
const MIXED = /(?<![\d.,])(\d{1,9})[ \u00a0\u202f]?([½¼¾⅛⅕])/g;
const DASHES = /[‐‑‒–—―−]/g;
/** A minus sign: no operand before it. */
const SIGN = /(?<=^|[\s([{=^<>~≈:"“„«])-$/;
const NUMBER =
  /(?<!\d)(?:\d{1,3}(?:([ \u00a0\u2009\u202f'’])\d{3})(?:\1\d{3})*(?!\d)(?:[.,]\d+)?|\d+(?:[.,:]\d+)*)/g;
/** Scale words are part of how digits are written, so they are a closed list. */
const SCALE =
  /^(?:[\s-]?(?:(hundred|hundert|cien(?:to)?s?|thousand|tausend|tsd|mille?|mila?|тыс\p{L}*|mi(?:l+i[oó]n(?:s|en|es|e|i)?|llones|o)|mn|mln|млн|миллион\p{L}*|mil+iard(?:en?|s|[oi])?|mrd|mld|млрд|миллиард\p{L}*|b(?:il+i[oó]n(?:s|en|es|i|e)?|n)|tril+i[oó]n(?:s|en|es|i|e)?)(?![\p{L}\d])|(百万|[百万萬亿億]|千(?![赫米克瓦伏安卡帕焦比字])))|([kKM])(?![\p{L}\d]))/iu;
const PREFIX =
  /(?<![\p{L}\p{M}])[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]{1,20}[\^_]?\{?-?$/u;

/**
 * Writes digits, powers and dashes of a text in one way: other scripts' digits become ASCII digits,
 * `10²³`, `10^{23}` and `1e23` hold 10 and 23, and LaTeX spacing is removed.
 */
export const prepareNumbers = (text: string): string =>
  text
    .replace(/\^\{?\\circ\}?/g, "°")
    .replace(/(?<=\d)(?:\{,\}|\\[,;!])(?=\d{3})/g, "")
    .replace(/\\(?:mathrm|text|mathbf|operatorname|rm)\b\s*|\\[,;:! ]|\\(?=%|\$)|~/g, " ")
    .replace(MIXED, (_, whole, part) => `${whole}.${PARTS[part]}`)
    .replace(SUPERSCRIPTS, (power) => `^${power.normalize("NFKC")} `)
    .normalize("NFKC")
    .replace(/(?![0-9])\p{Nd}/gu, toAsciiDigit)
    .replace(/(?<=\d)٫(?=\d)/g, ".")
    .replace(/(?<=\d)٬(?=\d)/g, ",")
    .replace(DASHES, "-")
    .replace(/(?<!\p{L})(?:minus|moins|menos|meno|минус|负|負)\s*(?=\d)/giu, "-")
    .replace(/(?<=\d)e([+-]?)(?=\d)/gi, (_, sign) => ` 10 ^${sign === "-" ? "-" : ""}`);

/** All numbers in digits. `10:30`, `1,000` and `12.2.` are one number each. */
export function findNumbers(prepared: string): NumberInText[] {
  return [...prepared.matchAll(NUMBER)].map(({ 0: digits, 1: gap, index: start }) => {
    const end = start + digits.length;
    const before = prepared.slice(Math.max(0, start - 24), start);
    const after = prepared.slice(end, end + 24);
    const sign = SIGN.test(before.slice(-2)) ? "-" : "";
    const scale = readScale(after);
    const plain = [...readingsOf(digits, gap), ...calendarReadings(digits, before, after)];
    const scaled = scale ? multiply(readingsOf(digits, gap), scale.factors) : [];
    const isScaled = scale !== undefined && !scale.isLetter;
    const readings = isScaled ? scaled : [...plain, ...scaled];
    return {
      digits,
      start,
      end,
      scaleEnd: end + (scale?.length ?? 0),
      prefix: PREFIX.exec(before)?.[0].toLowerCase() ?? "",
      readings: readings.map(([first, ...rest]) => [sign + first!, ...rest]),
    };
  });
}

/** All possible values of the numbers in a source, and its months as `month:6`. */
export function knownValues(prepared: string): Set<string> {
  const known = new Set<string>();
  const variants = new Set([
    prepared,
    // The parts of clock times, ratios, dates, versions and lists such as 1,2,3.
    prepared.replace(/(?<=\d):(?=\d)/g, " "),
    prepared.replace(/\d+(?:[.,/](?:\d{1,2}|\d{4})(?!\d)){2,8}/g, (list) =>
      list.replace(/[.,/]/g, "  "),
    ),
    // "-5" at the start of a line can be a list item.
    prepared.replace(/^-(?=\d)/gm, " "),
    // Superscripts that lost their position: 1.7x105 is 1.7 × 10^5, 10-3 is 10^-3.
    prepared.replace(/(?<=[x×·*]\s?)10(?=-?\d{1,2}(?!\d))/gi, "10 ^"),
    prepared.replace(/(?<=10)-(?=\d{1,2}(?!\d))/g, " ^-"),
  ]);
  for (const text of variants) {
    for (const number of findNumbers(text)) {
      const { digits, readings } = number;
      const unscaled = readingsOf(digits, /^\d+([^\d.,:])\d/.exec(digits)?.[1]);
      const sign = readings[0]?.[0]?.startsWith("-") ? "-" : "";
      const values = [...readings, ...unscaled.map(([first, ...rest]) => [sign + first, ...rest])];
      for (const value of values.flat()) {
        known.add(value);
        if (/^[12]\d{3}$/.test(value)) known.add(`century:${Math.ceil(Number(value) / 100)}`);
      }
    }
  }
  for (const value of hanValues(prepared)) known.add(value);
  for (const month of monthsOf(prepared)) known.add(`month:${month}`);
  return known;
}

function readScale(after: string) {
  const found = SCALE.exec(after);
  if (!found) return undefined;
  const [{ length }, word = "", han = "", letter = ""] = found;
  const scale = (word || han || letter).toLowerCase();
  return { factors: factorsOf(scale), length, isLetter: letter !== "" };
}

function factorsOf(scale: string): number[] {
  if (/^(?:hund|cien|百$)/.test(scale)) return [1e2];
  if (/^(?:thousand|tausend|tsd|mille?|mila?|k|千|тыс)/.test(scale) && !/^mil+i[oóa]/.test(scale))
    return [1e3];
  if (/^[万萬]/.test(scale)) return [1e4];
  if (/^[亿億]/.test(scale)) return [1e8];
  if (/^(?:mil+iard|mrd|mld|млрд|миллиард|bn)/.test(scale)) return [1e9];
  // A German or French billion has a thousand milliards.
  if (scale.startsWith("b")) return [1e9, 1e12];
  return scale.startsWith("t") ? [1e12, 1e18] : [1e6];
}

const multiply = (readings: string[][], factors: number[]): string[][] =>
  readings
    .filter((values) => values.length === 1)
    .flatMap(([value]) => factors.map((factor) => [canonical(Number(value) * factor)]));

/** Separators between digits group them, begin a fraction, or separate two numbers. */
function readingsOf(number: string, gap: string | undefined): string[][] {
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
  // A version or a list: as written, or all of its parts.
  return [[number], [whole, ...groups].map((part) => canonical(Number(part), part))];
}

/** Dates and clock times in other notations: `12.2.`, `4 p.m.`, `14 Uhr`, `10h30`, `18th century`. */
function calendarReadings(digits: string, before: string, after: string): string[][] {
  if (/^\d{1,2}:00$/.test(digits))
    return [[String(Number(digits.slice(0, -3)))], ...pm(digits, after)];
  if (/^\d{1,2}(?::\d\d)?$/.test(digits)) {
    const century = /^(?:th|st|nd|rd|e|ème|º|\.)(?!\p{L}*\d)/u.test(after) && Number(digits) > 12;
    return [
      ...pm(digits, after),
      ...(/^\s?(?:uhr|h(?!\p{L})|heures?|ч(?!\p{L})|часов|o'clock|[点點时時])/iu.test(after)
        ? [[`${Number(digits)}:00`]]
        : []),
      ...(century ? [[`century:${digits}`]] : []),
      ...(/^\s?月/.test(after) ? [[`month:${Number(digits)}`]] : []),
      ...(/\d{4}-$/.test(before) || /^-\d\d(?!\d)/.test(after)
        ? [[`month:${Number(digits)}`]]
        : []),
    ];
  }
  const [, first = "", second = ""] = /^(\d{1,2})\.(\d{1,2})$/.exec(digits) ?? [];
  if (first === "") return [];
  const isDate = after.startsWith(".") && Number(first) <= 31 && Number(second) <= 12;
  const isTime = second.length === 2 && Number(first) <= 24 && Number(second) <= 59;
  return [
    ...(isDate
      ? [
          [first, second],
          [first, `month:${Number(second)}`],
        ]
      : []),
    ...(isTime ? [[`${Number(first)}:${second}`]] : []),
  ].map((values) => values.map((value) => (/^\d+$/.test(value) ? String(Number(value)) : value)));
}

function pm(digits: string, after: string): string[][] {
  const [hour = "", minutes = "00"] = digits.split(":");
  if (!/^\s?p\.?\s?m\b/i.test(after) || Number(hour) > 12) return [];
  const late = (Number(hour) % 12) + 12;
  return [[`${late}:${minutes}`]];
}

const HAN_DIGITS: Record<string, number> = {
  ...{ 〇: 0, 零: 0, 一: 1, 二: 2, 两: 2, 兩: 2, 三: 3, 四: 4, 五: 5, 六: 6, 七: 7, 八: 8, 九: 9 },
};
const HAN_UNITS: Record<string, number> = { 十: 10, 百: 100, 千: 1000 };
const HAN_MYRIADS: Record<string, number> = { 万: 1e4, 萬: 1e4, 亿: 1e8, 億: 1e8 };

/** Numbers in Han numerals, `三十二` as well as `二〇二六`. */
function hanValues(text: string): string[] {
  return (text.match(/[〇零一二两兩三四五六七八九十百千万萬亿億]{1,20}/g) ?? []).map((numeral) => {
    if (!/[十百千万萬亿億]/.test(numeral)) {
      return canonical(Number([...numeral].map((digit) => HAN_DIGITS[digit]).join("")));
    }
    let total = 0;
    let section = 0;
    let digit = 0;
    for (const sign of numeral) {
      if (sign in HAN_DIGITS) digit = HAN_DIGITS[sign]!;
      else if (sign in HAN_UNITS) {
        section += (digit || 1) * HAN_UNITS[sign]!;
        digit = 0;
      } else {
        total += (section + digit || 1) * HAN_MYRIADS[sign]!;
        section = 0;
        digit = 0;
      }
    }
    return canonical(total + section + digit);
  });
}

/** 0:07 and 00:07 are the same time. */
const clock = (time: string) => time.replace(/^0+(?=\d)/, "");

const MOST_EXACT = 1e15;

/** Up to 15 digits of a number, so that `0.1 + 0.2` is `0.3`; all digits of a longer integer. */
export const canonical = (value: number, written = "") => {
  if (Number.isInteger(value) && Math.abs(value) < MOST_EXACT) return String(value);
  return Number.isSafeInteger(value) || !/^\d+$/.test(written)
    ? String(Number(value.toPrecision(15)))
    : written.replace(/^0+/, "");
};
