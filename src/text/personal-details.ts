/** Shown instead of a personal detail. */
const MASK = "…";

const NAME = "\\p{Lu}[\\p{L}'’-]+(?:\\s\\p{Lu}[\\p{L}'’-]+){0,2}";
/** A person introduces themselves. */
const INTRODUCTION = new RegExp(
  `(?<=(?<![\\p{L}\\p{N}])(?i:i am|i[’']m|my name is|my name[’']s|name:|ich bin|ich hei(?:ß|ss)e|mein name ist|mein name lautet|je suis|je m[’']appelle|mon nom est|moi c[’']est|soy|me llamo|mi chiamo)\\s+)${NAME}`,
  "gu",
);
/** Two capitalized words, or one before a place, because "this is" often begins another sentence. */
const PRESENTATION =
  /(?<=(?<![\p{L}\p{N}])(?:[Tt]his is|[Hh]ier ist|[Hh]ier spricht|[Ii]ci)\s+)(?:\p{Lu}[\p{L}'’-]+(?:\s\p{Lu}[\p{L}'’-]+){1,2}|\p{Lu}[\p{L}'’-]+(?=\s(?:from|aus|de)\s))/gu;
/** A person signs the text. */
const SIGNATURE = new RegExp(
  `(?<=(?<![\\p{L}\\p{N}])(?i:regards|thanks|thank you|cheers|greetings|grüße|grüßen|gruß|gruss|lg|vg|mfg|danke|signed|gezeichnet|signé|merci|cordialement|gracias|saludos|grazie)\\s*[,.!:–-]?\\s+)${NAME}(?=\\s*[.!]?\\s*$)`,
  "gu",
);
const PATTERNS = [
  // International account numbers.
  /(?<![\p{L}\p{N}])[A-Z]{2}\d{2}(?: ?[\dA-Z]{4}){3,7}(?: ?[\dA-Z]{1,3})?(?![\p{L}\p{N}])/gu,
  // Any code with a digit after the word for it, also with spaces.
  /(?<=(?<![\p{L}\p{N}])(?:matrikel\p{L}*|student(?:en)?-? ?(?:id|no|number|nummer)|num[ée]ro (?:d[’'])?étudiant|iban)[\s.:#]*(?:(?:is|ist|est|lautet|nr)[\s.:]*)?)(?=\p{L}*\d)[\p{L}\d]+(?:[ ./-]\d+)*/giu,
  // E-mail addresses, also with words for the signs.
  /[\p{L}\p{N}._%+-]+(?:@|\s?(?:\(at\)|\[at\])\s?)[\p{L}\p{N}-]+(?:\s?(?:\.|\(dot\)|\[dot\])\s?[\p{L}\p{N}-]+)*/giu,
  // Names of accounts.
  /(?<![\p{L}\p{N}])@[\p{L}\p{N}_.-]{2,}/gu,
  // Telephone numbers.
  /(?<![\p{L}\p{N}])(?:\+|0)\d[\d\s()/.-]{5,}\d/gu,
  // Numbers of students, cards and accounts: longer than a year.
  /(?<![\p{L}\p{N}.,])\p{L}{0,3}\d{5,}(?![\p{L}\p{N}]|[.,]\d)/gu,
  /(?<!\d)\d{3,}(?:[-/]\d{3,}){2,}(?!\d)/gu,
  INTRODUCTION,
  PRESENTATION,
  SIGNATURE,
];

/**
 * A text without the details that most often identify its author: addresses, telephone and student numbers, and a name
 * with which they introduce themselves or sign. Other names stay, because rules cannot tell them from names of the
 * subject.
 */
export const maskPersonalDetails = (text: string): string =>
  PATTERNS.reduce((masked, pattern) => masked.replace(pattern, MASK), text);
