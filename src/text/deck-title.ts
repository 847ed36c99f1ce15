/** Chooses the title of a slide deck. Programs often write the same title into many decks. */
import { cleanLine } from "./clean-text";

/** Titles that programs give to files without a title, in the languages of their users. */
const GENERIC = [
  /^(microsoft )?power ?point([ -]?(presentation|präsentation|presentatie|presentasjon|prezentáció|sunusu|bemutató))?$/i,
  /^(présentation|presentación( de)?|presentazione( standard)?( di)?|apresentação( do)?|prezentacja( programu)?|презентация|prezentace( aplikace)?)( microsoft)? power ?point$/i,
  /^power ?point (プレゼンテーション|演示文稿|簡報|프레젠테이션)$/i,
  /^microsoft (word|excel|power ?point|publisher|visio) [-–] .*/i,
  /^(untitled|unbenannt\w*|ohne titel|sans titre|sin título|senza titolo|sem título|bez tytułu|naamloos|namnlös|无标题|無題|без названия)([ -]?(document|presentation|dokument|präsentation|slide|folie|notebook|spreadsheet))?[ -]*\d*$/i,
  /^(slide|slides|folie|folien|diapositiv[ae]s?|dia|slajd|слайд|幻灯片|スライド|슬라이드)[ -]*\d*$/i,
  /^(no|kein|keine|aucun|sin|senza) (slide ?title|folientitel|titre|título|titolo)$/i,
  /^(new |neues? )?(document|dokument|documento|presentation|präsentation|présentation|presentación|presentazione|deck|doc|pdf|file|datei|handout|print|druck|output|export|scan|upload|download|template|vorlage|main|test|default|unknown|titel?|title|title slide|titelfolie|beamer|keynote|google slides|lecture|lectures|lecture slides|vorlesung)[ _-]*(\(\d+\)|\d*)$/i,
  /^(latex( with hyperref.*)?|beamer presentation|click to edit (master )?title style|titelmasterformat.*|about:blank|\(?anonymous\)?)$/i,
  /^(scan|img|image|dsc|doc|document|cci|adobe scan|camscanner)[ _-]*[\d ._:-]+(\.pdf)?$/i,
  /^[\da-f]{8}-?([\da-f]{4}-?){3}[\da-f]{12}$/i,
  /^[\da-f]{16,}$/i,
  /^([a-z]:)?[\\/].*/i,
  /^\S+\.(pptx?|ppsx?|docx?|odp|odt|key|pages|tex|dvi|ps|indd|pdf|html?|md)$/i,
];

export function isGenericTitle(title: string): boolean {
  const line = cleanLine(title);
  return !/\p{L}{2}/u.test(line) || GENERIC.some((pattern) => pattern.test(line));
}

/**
 * The title that the file states, unless it is generic; else the file name, unless that is generic as
 * well; else the title of the first page.
 *
 * @returns null when all three are generic
 */
export function chooseDeckTitle(
  stated: string | null,
  filename: string,
  firstPageTitle: string | null,
): string | null {
  const candidates = [stated, nameOf(filename), firstPageTitle];
  return candidates.find((one): one is string => one !== null && !isGenericTitle(one)) ?? null;
}

/** `Week_3-Compression.pdf` → `Week 3-Compression`, as a person would write it. */
function nameOf(filename: string): string {
  const base = filename.replace(/^.*[\\/]/, "").replace(/\.pdf$/i, "");
  const words = /\s/.test(base) ? base : base.replace(/[_+]+|%20/g, " ");
  return cleanLine(words.replace(/\.(pptx?|docx?|odp|key|tex)$/i, "").replace(/ \(\d+\)$/, ""));
}
