/**
 * Writes superscripts and subscripts so that they keep their meaning in plain text: 10^13, r^-2, x_i,
 * but 1st, H2O, and a footnote mark apart from its word.
 */

export type Script = "base" | "super" | "sub";
/** A stretch of a line, all of it on the baseline, above it or below it. */
export type Run = { text: string; script: Script };

/** Adds text to a line of runs, at its end or at its beginning. */
export function addRun(runs: Run[], run: Run, atStart = false): void {
  const neighbour = atStart ? runs[0] : runs.at(-1);
  if (neighbour?.script === run.script) {
    neighbour.text = atStart ? run.text + neighbour.text : neighbour.text + run.text;
  } else if (atStart) {
    runs.unshift({ ...run });
  } else {
    runs.push({ ...run });
  }
}

export function writeRuns(runs: Run[]): string {
  let text = "";
  for (const [i, { script, text: piece }] of runs.entries()) {
    const next = runs[i + 1]?.text ?? "";
    if (script === "base") text += piece;
    else if (piece.trim() === "" || isProse(piece)) text += piece;
    else text += script === "sub" ? `_${group(piece)}` : writeSuperscript(text, piece, next);
  }
  return text.replace(FORMULA_TOKEN, writeChemistry);
}

/** The line beside a large first letter of a paragraph is no exponent. */
const isProse = (piece: string) => /^\S+(?:\s\p{L}+){3}/u.test(piece.trim());

const ORDINAL = /^(st|nd|rd|th|er|re|ère|e|ème|o|a|º|ª|°|\.)$/i;
const TRADEMARK: Record<string, string> = { TM: "™", SM: "℠", "®": "®", "©": "©", "°": "°" };
const FOOTNOTE = /^(\d{1,2}([,;]\s?\d{1,2})*|[*†‡§¶]+|[a-d])$/;
/** Words of several letters that have powers: units, functions and Greek letters. */
const HAS_POWERS =
  /(^|[^\p{L}])([kcmdnµμ]?m|ft|in|mi|yd|rad|mol|bits?|Hz|[kmMGn]?Hz|sin|cos|tan|cot|sec|csc|sinh|cosh|tanh|log|ln|exp|det|dim|[Aa]lpha|[Bb]eta|[Gg]amma|[Dd]elta|eta|[Tt]heta|[Ll]ambda|rho|[Ss]igma|tau|[Pp]hi|[Cc]hi|[Pp]si|[Oo]mega)$/u;
/** Roman footnotes follow words of at least this many letters; shorter ones are variables and units. */
const WORD_BEFORE = /\p{L}{3,}[\p{L}”"’')\]]*$/u;
const SENTENCE_END = /[.,;:!?”"]$/;

function writeSuperscript(before: string, raw: string, after: string): string {
  const piece = raw.trim();
  const tail = raw.endsWith(" ") ? " " : "";
  if (TRADEMARK[piece]) return TRADEMARK[piece] + tail;
  if (/(\d|\b[IVXLC]+)$/.test(before) && ORDINAL.test(piece)) return piece + tail;
  if (/^[′'″"]+$/.test(piece)) return piece + tail;
  if (before.trim() === "" || /\s$/.test(before)) return writeLeading(piece, after) + tail;
  const isFootnote =
    FOOTNOTE.test(piece) &&
    (SENTENCE_END.test(before) ||
      /^[*†‡§¶]+$/.test(piece) ||
      (WORD_BEFORE.test(before) && !HAS_POWERS.test(before)));
  if (isFootnote) return `${/^[*†‡§¶]/.test(piece) ? "" : " "}${toSuperscriptDigits(piece)}${tail}`;
  return `^${group(piece)}${tail}`;
}

/** At the start of a word: a small bullet, an isotope's mass, or the mark of a footnote's own text. */
function writeLeading(piece: string, after: string): string {
  if (/^[\ue000-\uf8ff•●■▪]$/u.test(piece)) return `${piece}${/^\s/.test(after) ? "" : " "}`;
  if (/^\d{1,3}$/.test(piece) && /^[A-Z][a-z]?(?![a-z])/.test(after)) return `^${piece}`;
  if (FOOTNOTE.test(piece)) return `${toSuperscriptDigits(piece)}${/^\s/.test(after) ? "" : " "}`;
  return `^${group(piece)}`;
}

/** So that a mark is not taken for a number of the text. */
const toSuperscriptDigits = (mark: string) => mark.replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[+digit]!);

/** Parentheses keep an expression together; a sign and a single term need none. */
function group(raw: string): string {
  const piece = raw.trim();
  const tail = raw.endsWith(" ") ? " " : "";
  const term = piece.replace(/[−–](?=\S)/g, "-");
  if (/^[+-]?[\p{L}\p{N}\p{M}.,′'*∗⊤†∞]+[+-]?$/u.test(term) || /^[+\-*∗†⊤∞%]$/.test(term))
    return term + tail;
  return /^\(.*\)$/.test(term) ? term + tail : `(${term})${tail}`;
}

const FORMULA_TOKEN = /(?<![\p{L}\d_^])[A-Z(][A-Za-z\d_()]*_\d[A-Za-z\d_()]*(?![\p{L}\d])/gu;
const ELEMENTS = new Set(
  (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr " +
    "Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Nd Sm Eu Gd W Os Ir Pt Au Hg Tl Pb Bi U Pu"
  ).split(" "),
);
/** Elements with molecules of one kind of atom, such as O₂; other single letters with an index are variables. */
const MOLECULES = new Set(["H_2", "N_2", "O_2", "O_3", "F_2", "Cl_2", "Br_2", "I_2", "P_4", "S_8"]);

/** Chemical formulas are searched for as they are typed: H2O, C6H12O6. */
function writeChemistry(token: string): string {
  const symbols = token.match(/[A-Z][a-z]?/g) ?? [];
  const isFormula = /^([A-Z][a-z]?(_?\d+)?|\(|\)(_?\d+)?)+$/.test(token);
  if (!isFormula || /_0/.test(token) || !symbols.every((symbol) => ELEMENTS.has(symbol)))
    return token;
  return symbols.length > 1 || MOLECULES.has(token) ? token.replaceAll("_", "") : token;
}
