/**
 * The characters of TeX's bitmap fonts, and of its font of large signs. pdfTeX embeds them without a name and without a map to characters:
 * a glyph is only called by its code, such as `a28` for "fi". Which of TeX's encodings a font has shows in the
 * codes that the document uses.
 */

/** Code and glyph name, as in `/Differences`. */
export type GlyphNames = Iterable<readonly [code: number, name: string]>;

/** @returns the characters of the codes that differ from ASCII; null for fonts of other programs */
export function charactersOfTexFont(
  fontName: string | undefined,
  names: GlyphNames,
): Map<number, string> | null {
  if (/^([A-Z]{6}\+)?CMEX\d+$/.test(fontName ?? "")) return LARGE_SIGNS;
  const glyphs = [...names].filter(([, name]) => name !== ".notdef");
  if (glyphs.length === 0 || glyphs.some(([code, name]) => name !== `a${code}`)) return null;
  const codes = new Set(glyphs.map(([code]) => code));
  const encoding = encodingOf(codes);
  if (!encoding) return null;
  return new Map([...codes].flatMap((code) => (encoding[code] ? [[code, encoding[code]]] : [])));
}

type TexEncoding = Readonly<Record<number, string>>;

function encodingOf(codes: ReadonlySet<number>): TexEncoding | null {
  const uses = (first: number, last: number) =>
    [...codes].some((code) => code >= first && code <= last);
  if (isText(codes)) {
    const isOt1 = uses(0x0b, 0x0f) && !uses(0x80, 0xff);
    if (isOt1) return { ...OT1, ...OT1_MARKS };
    // A typewriter font has no ligatures, and ASCII's marks are themselves.
    if (uses(0x1b, 0x1f)) return { ...T1, ...QUOTES };
    return uses(0x80, 0xff) ? T1 : OT1;
  }
  // The letters of formulas: Greek besides Latin ones.
  return uses(0x61, 0x7a) && uses(0x0b, 0x1f) && !uses(0x80, 0xff) ? OML : null;
}

/** Few letters are the variables of formulas. */
const MIN_TEXT_LETTERS = 6;

/** Formulas have their full stop and comma, and no digits, at other codes than text. */
function isText(codes: ReadonlySet<number>): boolean {
  const has = (letters: string) => [...letters].filter((one) => codes.has(one.charCodeAt(0)));
  if (has("abcdefghijklmnopqrstuvwxyz").length < MIN_TEXT_LETTERS) return false;
  if (has(".,-").length > 0) return true;
  return has(":;<>").length === 0 && has("aeiou").length >= 2 && has("nrst").length >= 2;
}

/** An encoding from its first code on. */
const from = (first: number, characters: readonly string[]): TexEncoding =>
  Object.fromEntries(characters.map((one, i) => [first + i, one]));

const LIGATURES = ["ff", "fi", "fl", "ffi", "ffl"];

const OT1: TexEncoding = {
  ...from(0x00, [..."ΓΔΘΛΞΠΣΥΦΨΩ"]),
  ...from(0x0b, LIGATURES),
  ...from(0x10, [..."ıȷ`´ˇ˘¯˚¸ßæœøÆŒØ"]),
};

const QUOTES: TexEncoding = { 39: "’", 96: "‘" };
const OT1_MARKS: TexEncoding = {
  ...QUOTES,
  34: "”",
  60: "¡",
  62: "¿",
  92: "“",
  95: "˙",
  ...from(0x7b, [..."–—˝˜¨"]),
};

const T1: TexEncoding = {
  ...from(0x00, [..."`´ˆ˜¨˝˚ˇ˘¯˙¸˛‚‹›“”„«»–—"]),
  ...from(0x19, ["ı", "ȷ", ...LIGATURES]),
  39: "’",
  96: "‘",
  ...from(0x80, [..."ĂĄĆČĎĚĘĞĹĽŁŃŇŊŐŔŘŚŠŞŤŢŰŮŸŹŽŻĲİđ§"]),
  ...from(0xa0, [..."ăąćčďěęğĺľłńňŋőŕřśšşťţűůÿźžżĳ¡¿£"]),
  ...from(0xc0, [..."ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖŒØÙÚÛÜÝÞẞ"]),
  ...from(0xe0, [..."àáâãäåæçèéêëìíîïðñòóôõöœøùúûüýþß"]),
};

const OML: TexEncoding = {
  ...from(0x00, [..."ΓΔΘΛΞΠΣΥΦΨΩ"]),
  ...from(0x0b, [..."αβγδϵζηθικλμνξπρστυφχψωεϑϖϱςϕ"]),
  58: ".",
  59: ",",
  61: "/",
  64: "∂",
  96: "ℓ",
};

/** Of Computer Modern's extension font, whose glyphs have names that no list of characters contains. */
const LARGE_SIGNS = new Map(
  [
    ..."()[]⌊⌋⌈⌉{}⟨⟩|‖/\\()()[]⌊⌋⌈⌉{}⟨⟩/\\()[]⌊⌋⌈⌉{}⟨⟩/\\/\\⎛⎞⎡⎤⎣⎦⎢⎥⎧⎫⎩⎭⎨⎬⎪|⎝⎠⎜⎟⟨⟩⨆⨆∮∮⨀⨀⨁⨁⨂⨂∑∏∫⋃⋂⨄⋀⋁∑∏∫⋃⋂⨄⋀⋁∐∐ˆˆˆ˜˜˜[]⌊⌋⌈⌉{}√√√√√",
  ].map((character, code) => [code, character] as const),
);
