/** A unit behind or before a number. */
export type UnitInText = {
  /** One name for all forms: `ms`, `milliseconds` and `毫秒` are `ms`. */
  unit: string;
  /** Offset behind it. */
  end: number;
};

type BaseUnit = { id: string; symbols?: string[]; words: string };

/** Units that take prefixes. `words` is a pattern for a whole word in lower case. */
// biome-ignore format: a table reads best as a table
const PREFIXED: BaseUnit[] = [
  { id: "m",   symbols: ["m"],               words: "met(?:er|re|ro)[sn]?|metr[io]|m[eè]tres?|метр\\p{L}*|メートル|米" },
  { id: "g",   symbols: ["g"],               words: "gram(?:m|me|mes|ms|s|o|os|mi|men)?|grammo|грамм\\p{L}*|グラム|克" },
  { id: "s",   symbols: ["s", "sec", "sek"], words: "secs?|seconds?|sekunden?|secondes?|segundos?|second[oi]|секунд\\p{L}*|秒" },
  { id: "B",   symbols: ["B"],               words: "bytes?|octets?|байт\\p{L}*|バイト|字节" },
  { id: "iB",  symbols: ["iB"],              words: "bibytes?" },
  { id: "bit", symbols: ["bit", "bits"],     words: "bits?|битов?|бита?|ビット|比特" },
  { id: "Hz",  symbols: ["Hz"],              words: "hertz|hercios?|герц\\p{L}*|ヘルツ|赫兹|赫" },
  { id: "Wh",  symbols: ["Wh"],              words: "watt-?hours?|wattstunden?|wattheures?" },
  { id: "W",   symbols: ["W"],               words: "watts?|vatios?|ватт\\p{L}*|ワット|瓦特|瓦" },
  { id: "J",   symbols: ["J"],               words: "joules?|julios?|джоул\\p{L}*|ジュール|焦耳|焦" },
  { id: "V",   symbols: ["V"],               words: "volts?|voltios?|вольт\\p{L}*|ボルト|伏特|伏" },
  { id: "A",   symbols: ["A"],               words: "amp[eè]res?|amps?|amperios?|ампер\\p{L}*|アンペア|安培|安" },
  { id: "Ω",   symbols: ["Ω"],               words: "ohms?|ohmios?|ом|オーム|欧姆|欧" },
  { id: "F",   symbols: ["F"],               words: "farads?" },
  { id: "Pa",  symbols: ["Pa"],              words: "pascals?|pascales|паскал\\p{L}*|帕斯卡|帕" },
  { id: "bar", symbols: ["bar"],             words: "bars?|bares" },
  { id: "N",   symbols: ["N"],               words: "newtons?|ньютон\\p{L}*|牛顿" },
  { id: "K",   symbols: ["K"],               words: "kelvins?|кельвин\\p{L}*|开尔文|ケルビン" },
  { id: "mol", symbols: ["mol"],             words: "mol|moles?|моль|摩尔" },
  { id: "eV",  symbols: ["eV"],              words: "electron-?volts?|elektronenvolt" },
  { id: "cal", symbols: ["cal"],             words: "calories?|kalorien?|calor[ií]as?|калори\\p{L}*|卡路里" },
  { id: "L",   symbols: ["L", "l"],          words: "lit(?:er|re|ro)[sn]?|litri|литр\\p{L}*|リットル|升" },
  { id: "t",   symbols: ["t"],               words: "tonn?es?|tonnen|toneladas?|tonnellat[ae]|тонн\\p{L}*|トン|吨|噸" },
  { id: "T",   symbols: ["T"],               words: "teslas?" },
  { id: "dB",  symbols: ["dB"],              words: "decibels?|dezibel|decibelios?|децибел\\p{L}*|分贝" },
];

/** Symbol, then the prefix in words. */
// biome-ignore format: a table reads best as a table
const PREFIXES: [id: string, symbols: string[], words: string][] = [
  ["p", ["p"], "pico|piko|pico|пико|皮"],
  ["n", ["n"], "nano|нано|ナノ|纳|奈"],
  ["µ", ["µ", "μ", "u"], "mi[ck]ro|микро|マイクロ|微"],
  ["m", ["m"], "mill?i|милли|ミリ|毫"],
  ["c", ["c"], "[cz]enti|cent[ií]|санти|センチ|厘"],
  ["d", ["d"], "de[cz]i|dec[ií]|деци|分"],
  ["h", ["h"], "h?e[ck]to|гекто"],
  ["k", ["k", "K"], "kil[oó]|chilo|quil[oó]|ki|кило|キロ|千|公"],
  ["M", ["M"], "mega|me|мега|メガ|兆"],
  ["G", ["G"], "giga|gi|гига|ギガ|吉"],
  ["T", ["T"], "tera|te|тера|テラ|太"],
  ["P", ["P"], "peta|пета|ペタ"],
];

/** Units without prefixes. */
// biome-ignore format: a table reads best as a table
const OTHERS: BaseUnit[] = [
  { id: "%",    symbols: ["%", "٪"],           words: "per\\s?cents?|percentage|pro[zc]ent|pour\\s?cents?|por\\s?cientos?|per\\s?cento|por\\s?cento|pct|процент\\p{L}*|パーセント" },
  { id: "‰",    symbols: ["‰"],                words: "per\\s?mille?|promille" },
  { id: "°C",   symbols: ["°C", "℃"],          words: "(?:degrees?|grad|degr[eé]s?|grados?|gradi|градус\\p{L}*|°)\\s?(?:celsius|centigrade|celcius|цельсия)|celsius|°\\s?c|摄氏度" },
  { id: "°F",   symbols: ["°F", "℉"],          words: "(?:degrees?|grad|degr[eé]s?|grados?|gradi|градус\\p{L}*|°)\\s?(?:fahrenheit)|fahrenheit|°\\s?f|华氏度" },
  { id: "°",    symbols: ["°"],                words: "degrees?|grad|degr[eé]s?|grados?|gradi|градус\\p{L}*|度" },
  { id: "min",  symbols: ["min"],              words: "mins?|minut(?:e|es|en|i|o|os|a)?|минут\\p{L}*|分钟|分鐘" },
  { id: "h",    symbols: ["h", "hr", "hrs"],   words: "hours?|hrs?|stunden?|heures?|horas?|or[ae]|час(?:а|ов)?|小时|小時|時間" },
  { id: "day",                                 words: "days?|tag(?:e|en|es)?|jours?|d[ií]as?|giorn[oi]|дн(?:я|ей)|день|天" },
  { id: "week",                                words: "weeks?|wochen?|semaines?|semanas?|settiman[ae]|недел\\p{L}*|周|星期" },
  { id: "month",                               words: "months?|monate?n?|mois|mes(?:es)?|mes[ei]|месяц\\p{L}*|个月" },
  { id: "year",                                words: "years?|jahre?n?s?|ann?[ée]es?|ans?|años?|ann[oi]|anos?|лет|года?" },
  { id: "am",                                  words: "am|a\\.\\s?m\\.?" },
  { id: "pm",                                  words: "pm|p\\.\\s?m\\.?" },
  { id: "$",    symbols: ["$", "US$"],         words: "usd|dollars?|d[oó]lar(?:es)?|dollar[io]|доллар\\p{L}*|ドル|美元" },
  { id: "€",    symbols: ["€"],                words: "eur|euros?|евро|ユーロ|欧元" },
  { id: "£",    symbols: ["£"],                words: "gbp|pounds?\\s?sterling|英镑" },
  { id: "lb",   symbols: ["lb", "lbs"],        words: "lbs?|pounds?|pfund|livres?|libras?|фунт\\p{L}*" },
  { id: "¥",    symbols: ["¥"],                words: "jpy|cny|rmb|yen|yuan|元|円" },
  { id: "CHF",  symbols: ["CHF"],              words: "chf|francs?|franken|franchi" },
  { id: "mi",                                  words: "miles?|meilen?|millas?|migli[ao]|英里|マイル" },
  { id: "ft",   symbols: ["ft"],               words: "feet|foot|ft|fuß|pieds?|pies|piedi|英尺" },
  { id: "inch",                                words: "inch(?:es)?|zoll|pouces?|pulgadas?|pollici|英寸|インチ" },
  { id: "mph",  symbols: ["mph"],              words: "mph" },
  { id: "ha",   symbols: ["ha"],               words: "hectares?|hektar|hect[aá]reas?|ettari|гектар\\p{L}*|公顷" },
  { id: "px",   symbols: ["px"],               words: "px|pixels?|píxeles|пиксел\\p{L}*|像素" },
  { id: "rpm",  symbols: ["rpm"],              words: "rpm" },
];

/** Units that writers leave out or imply: only a different one at the same number is a mistake. */
export const IMPLIED_UNITS: ReadonlySet<string> = new Set([
  "day",
  "week",
  "month",
  "year",
  "am",
  "pm",
]);

/** Chinese has own words for some prefixed units, in longest-first order. */
const HAN_ALIASES: [RegExp, string][] = [
  [/^(?:公里|千米)/, "km"],
  [/^公斤/, "kg"],
  [/^公尺/, "m"],
  [/^千赫(?:兹)?/, "kHz"],
  [/^兆赫(?:兹)?/, "MHz"],
];

const SYMBOLS = new Map<string, string>();
for (const { id, symbols = [] } of PREFIXED) {
  for (const symbol of symbols) {
    SYMBOLS.set(symbol, normal(id));
    for (const [prefix, forms] of PREFIXES) {
      for (const form of forms)
        if (id !== "iB" || /[kKMGTP]/.test(form)) SYMBOLS.set(form + symbol, normal(prefix + id));
    }
  }
}
for (const { id, symbols = [] } of OTHERS) for (const symbol of symbols) SYMBOLS.set(symbol, id);
for (const prefix of ["k", "M", "G", "T"]) {
  SYMBOLS.set(`${prefix}bps`, `${prefix}bit`);
  SYMBOLS.set(`${prefix}b`, `${prefix}bit`);
}
SYMBOLS.set("bps", "bit");
SYMBOLS.set("kmh", "km");
SYMBOLS.set("kph", "km");

/** KiB and KB are one unit: slides use them for the same thing. */
function normal(id: string): string {
  return id.replace(/iB$/, "B").replace(/^K(?=.)/, "k");
}

const END = "(?![\\p{L}\\p{M}])";
const isHan = (pattern: string) => /[\p{Script=Han}\p{Script=Kana}\p{Script=Hira}]/u.test(pattern);
const alternatives = (words: string, han: boolean) =>
  words
    .split(/\|(?![^(]*\))/)
    .filter((word) => isHan(word) === han)
    .join("|");

type WordPattern = {
  pattern: RegExp;
  toUnit: (match: RegExpExecArray) => string;
  /** The first characters of its matches; null for words in scripts with case or spaces. */
  firsts: ReadonlySet<string> | null;
};

const firstsOf = (...patterns: string[]) =>
  new Set(patterns.flatMap((words) => words.split("|")).map((word) => word.slice(0, 1)));

const WORDS: WordPattern[] = [true, false].flatMap((han) => {
  const end = han ? "" : END;
  const build = (words: string) => alternatives(words, han) || "(?!)";
  const prefixes = PREFIXES.map(([, , words]) => build(words));
  const prefix = `(?:${prefixes.map((words) => `(${words})`).join("|")})?`;
  const others = OTHERS.map(({ id, words }) => ({
    pattern: new RegExp(`^(?:${build(words)})${end}`, "iu"),
    toUnit: () => id,
    firsts: han ? firstsOf(alternatives(words, han)) : null,
  }));
  const prefixed = PREFIXED.map(({ id, words }) => ({
    pattern: new RegExp(`^${prefix}(?:${build(words)})${end}`, "iu"),
    toUnit: (match: RegExpExecArray) => {
      const at = match.slice(1).findIndex((part) => part !== undefined);
      return normal((PREFIXES[at]?.[0] ?? "") + id);
    },
    firsts: han ? firstsOf(alternatives(words, han), ...prefixes) : null,
  }));
  return [...others, ...prefixed];
});

const SQUARE = /^(?:square|sq\.?|quadrat|квадратн\p{L}*|平方)[\s-]?/iu;
const CUBIC = /^(?:cubic|kubik|кубическ\p{L}*|立方)[\s-]?/iu;
const SQUARED = /^(?:\^?\{?2\}?(?![\d.,])|\s?(?:carr[ée]s?|cuadrad[oa]s?|quadrat[io])(?!\p{L}))/iu;
const CUBED = /^(?:\^?\{?3\}?(?![\d.,])|\s?(?:cubes?|c[úu]bic[oa]s?|cubi)(?!\p{L}))/iu;
const SYMBOL = /^(?:US\$|°[CF](?!\p{L})|[%٪‰°$€£¥℃℉]|[\p{L}µΩ]{1,4}(?![\p{L}\p{M}]))/u;
/** Words that begin a unit of several words. */
const FIRST_WORDS =
  /^(?:per|pour|por|degrees?|grad|degr[eé]s?|grados?|gradi|градус\p{L}*|pounds?|us|[ap]|electron|watt)$/iu;
const MOST_KNOWN_WORDS = 20_000;
const canBeUnit = new Map<string, boolean>();

/** A cache: few words are units, and there are many patterns to try. */
function isCandidate(text: string, offset: number): boolean {
  FIRST_WORD.lastIndex = offset;
  const word = FIRST_WORD.exec(text)?.[0];
  if (word === undefined) {
    UNIT_SIGN.lastIndex = offset;
    return UNIT_SIGN.test(text);
  }
  let answer = canBeUnit.get(word);
  if (answer === undefined) {
    answer =
      FIRST_WORDS.test(word) ||
      SYMBOLS.has(word) ||
      SQUARE.test(word) ||
      CUBIC.test(word) ||
      WORDS.some(({ pattern }) => pattern.test(word));
    if (canBeUnit.size >= MOST_KNOWN_WORDS) canBeUnit.clear();
    canBeUnit.set(word, answer);
  }
  return answer;
}

const FIRST_WORD = /[[\p{L}\p{M}]--[\p{Script=Han}\p{Script=Kana}\p{Script=Hira}]]{1,40}/vy;
/** A unit without letters begins with one of these. */
const UNIT_SIGN = /[\p{Script=Han}\p{Script=Kana}\p{Script=Hira}%٪‰°$€£¥℃℉]/uy;

/** Most characters that a unit has. */
const LONGEST_UNIT = 40;

/**
 * The unit that begins at an offset of a text, without blanks before it.
 *
 * @param text as `prepareNumbers` returns it
 */
export function unitAt(text: string, offset: number): UnitInText | undefined {
  if (!isCandidate(text, offset)) return undefined;
  let rest = text.slice(offset, offset + LONGEST_UNIT);
  const length = rest.length;
  const power = SQUARE.exec(rest) ?? CUBIC.exec(rest);
  const before = power && SQUARE.test(rest) ? "^2" : power ? "^3" : "";
  if (power) rest = rest.slice(power[0].length);
  const found = plainUnit(rest);
  if (!found) return undefined;
  rest = rest.slice(found.length);
  const after = isLength(found.unit) ? (SQUARED.exec(rest) ?? CUBED.exec(rest)) : null;
  if (after) rest = rest.slice(after[0].length);
  const behind = after ? (SQUARED.test(after[0]) ? "^2" : "^3") : "";
  return { unit: found.unit + (before || behind), end: offset + length - rest.length };
}

const isLength = (unit: string) => /^(?:[kcdmnµ]?m|mi|ft|inch)$/.test(unit);

function plainUnit(text: string): { unit: string; length: number } | undefined {
  for (const [pattern, unit] of HAN_ALIASES) {
    const found = pattern.exec(text);
    if (found) return { unit, length: found[0].length };
  }
  const symbol = SYMBOL.exec(text)?.[0];
  const unit = symbol && SYMBOLS.get(symbol.replace("μ", "µ"));
  if (unit) return { unit, length: symbol.length };
  const first = text.slice(0, 1);
  for (const { pattern, toUnit, firsts } of WORDS) {
    const found = firsts === null || firsts.has(first) ? pattern.exec(text) : null;
    if (found) return { unit: toUnit(found), length: found[0].length };
  }
  return undefined;
}

/** The unit of a number in digits, behind it or, for a currency, before it. */
export function unitOfNumber(text: string, number: { start: number; scaleEnd: number }) {
  const before = CURRENCY.exec(text.slice(Math.max(0, number.start - 5), number.start))?.[1];
  if (before !== undefined) return unitAt(before, 0)?.unit;
  const behind = /^[\s{-]{0,2}/.exec(text.slice(number.scaleEnd, number.scaleEnd + 2))![0].length;
  const found = unitAt(text, number.scaleEnd + behind);
  // 10h30 is a time.
  return found && !/^\s?\d/.test(text.slice(found.end)) ? found.unit : undefined;
}
const CURRENCY = /(?<!\p{L})([$€£¥]|USD|EUR|GBP|CHF)\s?$/u;

/** All units that a text names, with a number or without. */
export function unitsOf(text: string): Set<string> {
  const found = new Set<string>();
  if (text.includes("百分之")) found.add("%");
  for (const { index } of text.matchAll(UNIT_START)) {
    const unit = unitAt(text, index)?.unit;
    if (unit !== undefined) found.add(unit);
  }
  return found;
}
/** Units begin where a word begins, in Han script anywhere. */
const UNIT_START = /(?<![\p{L}\p{M}])[\p{L}]|[\p{Script=Han}\p{Script=Kana}]|[%٪‰°$€£¥℃℉]/gu;

/** Whether two units can be the same: a degree without a scale matches every scale. */
export const isSameUnit = (one: string, other: string): boolean =>
  one === other || AMBIGUOUS.has(`${one} ${other}`) || AMBIGUOUS.has(`${other} ${one}`);
const AMBIGUOUS = new Set(["° °C", "° °F", "lb £", "mi mph"]);
