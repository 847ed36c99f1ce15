/** What tells a name from a word that is capitalised for its place. */
export type Language = {
  /** As in German: then a capital alone makes no name. */
  nounsAreCapitalised: boolean;
  /** Capitalised words from the middle of sentences that were retrieved. */
  names: ReadonlySet<string>;
};

const INNER_NAME = /(?<=[\p{Ll}\d,;] )\p{Lu}[\p{L}\d'’-]+|(?<=\p{Lu}\p{Ll}+ )\p{Lu}\p{Ll}+/gu;
const NAMES_IN_A_ROW = /(?<!\p{L})(?:\p{Lu}{2,}(?!\p{L})|\p{Lu}\p{Ll}+(?:\s\p{Lu}\p{Ll}+)+)/gu;
const NO_NAME =
  /^(?:I|I['’]\p{L}+|Dr|Prof|Mrs?|Ms|St|OK|PDF|Slides?|Pages?|Lectures?|Lecturer|Professor|Figure|Fig|Table|Section|Chapter)$/u;
/** Before a name they are capitalised for their place: "The Bastille", "In France", "Le Panthéon". */
const LITTLE_WORD =
  /^(?:the|an?|this|that|these|those|in|on|at|by|for|from|with|without|of|to|and|but|or|nor|so|yet|if|when|while|where|as|after|before|since|until|during|because|although|though|both|either|neither|according|under|over|like|unlike|not|only|even|is|are|was|were|did|does|do|has|had|have|can|will|what|who|why|how|which|his|her|its|their|our|my|le|la|les|l|un|une|des|du|de|d|en|dans|par|pour|selon|avec|sans|sous|chez|et|mais|ou|quand|comme|après|avant|depuis|pendant|el|los|las|lo|una|unos|unas|por|para|según|con|sin|y|pero|cuando|como|desde|durante|il|lo|gli|nel|nella|da|di|o|os|as|no|na|em|в|во|на|по|с|со|и|но|а|о|об|от|до|для|из|к|у|за|при|как|когда)$/iu;
/** Where a capital tells nothing: the beginning, after a colon, of a list's item, of bold words. */
const PLACE =
  /((?:^|[:–—]\s+|\|\s*|\*\*|[.!?]\s+)[^\p{L}\d]{0,20}(?:\d+[.)]\s+[^\p{L}\d]*)?)(\p{Lu}[\p{L}'’]*)(?=\s+[\p{Ll}\d]|-\p{Ll}|[^\p{L}\d\s'’-]|\s*$)/gu;
const GERMAN_FIRST_WORD =
  /^[^\p{L}\d]*(?:der|die|das|den|dem|des|eine?[nmrs]?|dies\w*|im|in|am|an|auf|bei|nach|mit|von|für|laut|wie|wenn|als|auch)\s/iu;

/** What people do, not things. Of the German ones somebody may also be named behind the verb. */
const DEEDS = {
  english:
    "invent\\w*|discover\\w*|introduc\\w*|propos\\w*|translat\\w*|publishe[ds]|wrote|writes|coined|formulated|derive[ds]|proved|solved|argue[ds]|claim(?:ed|s)|said|says|thought|believe[ds]|founded|found|built|created|designed|develop(?:ed|s)|taught|studied|worked|won|was born|died|named|called|defined|described|observed|measured|showed",
  german:
    "prägte|entdeckte|erfand|schrieb|veröffentlichte|bewies|entwickelte|formulierte|begründete|definierte|löste|übersetzte",
  french:
    "découvr\\p{L}*|découvert|écri\\p{L}*|publi(?:a|é|ait)|traduisit|proposa|introduisit|démontra",
  spanish: "inventa|descubrió|escribió|public[óa]|tradujo|demostró|propuso|introdujo|formuló",
  russian:
    "открыл\\p{L}*|опубликовал\\p{L}*|предложил\\p{L}*|создал\\p{L}*|написал\\p{L}*|доказал\\p{L}*|изобр[её]л\\p{L}*",
};
const DEED = new RegExp(
  `^\\s+(?:(?:first|also|later|himself|herself|a|ha|hat|had|has)\\s+)?(?:${Object.values(DEEDS).join("|")}|lehrte|nannte)(?!\\p{L})`,
  "u",
);
const GERMAN_DONE =
  "(?:geprägt|entdeckt|erfunden|geschrieben|veröffentlicht|bewiesen|entwickelt|formuliert|begründet|definiert|gelöst|übersetzt|eingeführt)";
const GERMAN_ACTOR = new RegExp(
  `\\s(?:${DEEDS.german})(?: \\d+)? (\\p{Lu}\\p{Ll}+)(?=\\s+(?:\\d|[a-zäöü]+\\s)|[,.;]|\\s*$)|\\svon (\\p{Lu}\\p{Ll}+)(?: im Jahre? \\d+| \\d+)? ${GERMAN_DONE}`,
  "gu",
);
/** Subjects of such deeds that nobody is called. */
const NOBODY =
  /^(?:i|you|he|she|it|we|they|who|which|that|this|these|those|there|one|some(?:one|body)?|any(?:one|body)|every(?:one|body)|no(?:body|ne)?|others?|another|many|most|both|few|all|each|people|men|women|students?|data|learning|training|testing|engineering|everything|nothing|something|anything|evidence|research|science|theory|work|nature|history|society|experience|analysis|practice|mathematics|physics|er|sie|es|man|wer|was|niemand|jemand|alle|viele|il|elle|on|ils|elles|ce|cela|qui|él|ella|quien|se|он|она|они|кто)$|(?:ers|ors|ists|ians|ments?|ions?|ies|ly)$/iu;
/** "It's", "Today's": no possessives of somebody. */
const CONTRACTION =
  /^(?:it|that|there|here|what|who|he|she|let|where|how|when|one|today|yesterday|tomorrow)$/i;

/** What the retrieved texts and the answer say of the language that claims are made in. */
export function languageOf(answer: string, passages: Iterable<string>): Language {
  if (nounsAreCapitalised(answer)) return { nounsAreCapitalised: true, names: new Set() };
  const names = [...passages].flatMap((passage) => passage.match(INNER_NAME) ?? []);
  return { nounsAreCapitalised: false, names: new Set(names) };
}

/** German articles and pronouns, of which any longer German answer holds some. */
const nounsAreCapitalised = (text: string) =>
  (text.match(/\b(?:der|die|das|den|dem|und|ist|nicht|ein|eine|wird|von|mit|im)\b/gi)?.length ??
    0) >
  wordsOf(text).length / 12;

/**
 * Capitalised words, except where a capital tells nothing: there a word is a name when the passages
 * show it as one, when it does what people do ("Euler solved …") or owns something ("Euler's …").
 * Where every noun is capitalised only abbreviations and capitalised words in a row count besides.
 */
export function readNames(claim: string, { nounsAreCapitalised, names }: Language): string[] {
  if (nounsAreCapitalised) {
    const inARow = claim.replace(GERMAN_FIRST_WORD, "").match(NAMES_IN_A_ROW) ?? [];
    return [...germanActors(claim), ...inARow];
  }
  const text = claim.replace(PLACE, (all, before: string, word: string, at: number) =>
    names.has(word) || isActor(word, claim.slice(at + all.length)) ? all : before,
  );
  const found = text.match(/(?<![\p{L}\d\\])\p{Lu}[\p{L}\d'’-]+/gu) ?? [];
  return found.filter((name) => !NO_NAME.test(name) && !LITTLE_WORD.test(name));
}

/** Whoever does something without an article: "Planck prägte …", "… prägte Planck", "von Planck geprägt". */
function germanActors(claim: string): string[] {
  const subjects = [...claim.matchAll(/(?<=^[^\p{L}\d]*)\p{Lu}\p{Ll}+(?=\s)/gu)];
  const first = subjects.filter(({ 0: word, index }) =>
    isActor(word, claim.slice(index + word.length)),
  );
  const others = [...claim.matchAll(GERMAN_ACTOR)].map(([, after, by]) => after ?? by ?? "");
  return [...first.map(([word]) => word), ...others].filter(
    (word) => !/(?:ern|eln|en)$/.test(word),
  );
}

function isActor(word: string, after: string): boolean {
  const owner = /^(.{3,})['’]s$/u.exec(word)?.[1];
  if (owner) return !CONTRACTION.test(owner) && !NOBODY.test(owner);
  return !NOBODY.test(word) && DEED.test(after);
}

/** The words of a source by which names are known. */
export type KnownNames = { words: ReadonlySet<string>; initials: string };

export function knownNames(source: string): KnownNames {
  const words = wordsOf(fold(source));
  const spellings = words.flatMap((word) => [word, withoutUmlaut(word), MONTHS.get(word) ?? word]);
  return { words: new Set(spellings), initials: words.map((word) => word[0]).join("") };
}

/** A name with each of its parts, or as its abbreviation, or the other way round, in any source. */
export function isNamed(name: string, sources: KnownNames[]): boolean {
  const has = (word: string) => sources.some(({ words }) => words.has(word));
  const parts = untilGenitive(wordsOf(fold(name)), has);
  const isAbbreviation = /^\p{Lu}{3,}$/u.test(name);
  if (isAbbreviation && sources.some(({ initials }) => initials.includes(parts[0]!))) return true;
  if (parts.length > 2 && has(parts.map((part) => part[0]).join(""))) return true;
  return parts.every(
    (part) => isKnown(part, has) || sources.some(({ words }) => hasCase(part, words)),
  );
}

/** "Sadi Carnots Vater" names Sadi Carnot. */
function untilGenitive(parts: string[], has: (word: string) => boolean): string[] {
  const end = parts.findIndex((part) => !has(part) && has(part.replace(/s$/, "")));
  return end < 0 ? parts : parts.slice(0, end + 1);
}

/** Letters without accents, in one case: Émilie and Emilie, Gödel and Goedel are one. */
const fold = (text: string) =>
  text
    .normalize("NFKD")
    .replace(/[\p{M}\u00ad]/gu, "")
    .toLowerCase()
    .replaceAll("ß", "ss")
    .replaceAll("ø", "o")
    .replaceAll("ł", "l")
    .replaceAll("æ", "ae");

/** Allows for a plural, possessive or adjective's ending on either side. */
function isKnown(word: string, has: (word: string) => boolean): boolean {
  const spellings = [word, withoutUmlaut(word), MONTHS.get(word) ?? word];
  return (
    /^(?:s|d|l)$/.test(word) ||
    spellings.some((one) => has(one) || has(`${one}s`)) ||
    has(word.replace(ENDING, ""))
  );
}

/** Cases in Cyrillic. */
const hasCase = (word: string, known: ReadonlySet<string>) =>
  /^\p{Script=Cyrillic}{4,}$/u.test(word) && known.values().some((one) => areCases(one, word));

/** The u of Müller, and of Mueller. */
const withoutUmlaut = (word: string) => word.replace(/(?<=[aou])e/g, "");

/** One name for a month in English, German, French and Spanish. */
const MONTHS = new Map(
  [
    "january januar janvier enero",
    "february februar fevrier febrero",
    "march marz mars marzo",
    "april avril abril",
    "may mai mayo",
    "june juni juin junio",
    "july juli juillet julio",
    "august aout agosto",
    "september septembre septiembre",
    "october oktober octobre octubre",
    "november novembre noviembre",
    "december dezember decembre diciembre",
  ].flatMap((names, i) => names.split(" ").map((name) => [name, `month ${i + 1}`] as const)),
);

const ENDING = /(?<=\p{L}{2})(?:es|s)$|(?<=\p{L}{4})(?:ians?|eans?|sche[nrsm]?|ien(?:ne)?s?)$/u;

/** Forms of one word that differ in their last letters. */
function areCases(a: string, b: string): boolean {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same += 1;
  return same >= 4 && Math.max(a.length, b.length) - same <= 3;
}

export const wordsOf = (text: string): string[] => text.match(/[\p{L}\d]+/gu) ?? [];
