/** Shown instead of a personal detail. */
const MASK = "…";

/** A longer text is no single question. Its rest is neither grouped nor shown, which also limits the time. */
const MOST_CHARACTERS = 2_000;

const START = "(?<![\\p{L}\\p{M}\\p{N}])";
const GAP = "\\s{1,9}";
/** Between the words before a detail and the detail. */
const SEPARATOR = "\\s{0,9}[,.:!=–-]?\\s{0,9}";
const LETTERS = "[\\p{L}\\p{M}]";
const TITLES =
  "(?:(?:Dr|Prof|Mr|Mrs|Ms|Mx|Herr|Frau|Hr|Fr|Mme|Mlle|Monsieur|Madame|Sr|Sra|Sig|Ing|Dipl)\\b\\.?\\s{0,3}){0,3}";
const CAPITALIZED = "(?:\\p{Lu}\\.(?=\\s?\\p{Lu})|\\p{Lu}[\\p{L}\\p{M}'’-]{1,40})";
const PARTICLE =
  "(?:(?:van|von|vom|der|den|de|del|della|du|da|dos|di|la|le|el|bin|ibn|zu|ter|ten|y)\\s)";
const NAME = `${TITLES}${CAPITALIZED}(?:\\s?${PARTICLE}{0,3}${CAPITALIZED}){0,3}`;
const WORD = "[\\p{L}\\p{M}][\\p{L}\\p{M}'’-]{0,40}";
/** A name in any case: its first word, and a second one before a pause. */
const ANY_NAME = `(?:${NAME}|${WORD}(?:\\s${WORD}(?=\\s{0,9}(?:[^\\p{L}\\p{M}\\p{N}\\s]|$)))?)`;
const AT_END_OF_LINE = "(?=[ \\t]{0,9}[.!]?[ \\t]{0,9}$)";

const words = (lines: string) =>
  `(?:${lines
    .trim()
    .split(/\s*[|\n]\s*/)
    .join("|")
    .replaceAll(" ", GAP)})`;

/** Only a name can follow. */
const NAME_FOLLOWS = words(`
  my name is | my name[’']s | i am called | i[’']m called
  mein name ist | mein name lautet | ich hei(?:ß|ss)e
  mon nom est | mon prénom est | je m[’']appelle
  me llamo | mi nombre es | mi chiamo | il mio nome è | (?:o )?meu nome é | me chamo | chamo-me
  mijn naam is | ik heet | jag heter | mitt namn är | jeg heter | jeg hedder | mit navn er | mitt navn er | nimeni on
  nazywam się | mam na imię | jmenuji se | volám sa | mă numesc | numele meu este | benim adım
  меня зовут | мене звати | με λένε | tên tôi là | nama saya | اسمي | שמי | קוראים לי | मेरा नाम`);
/** Another word can follow, so a capital tells a name. */
const NAME_CAN_FOLLOW = words(`
  i am | i[’']m | the name is | name: | surname: | student: | ich bin | vorname: | nachname: | je suis | moi c[’']est | nom: | prénom: | soy
  nombre: | nome: | naam: | sono | eu sou | ik ben | jag är | jeg er | jestem | имя: | call me | nennt mich | appelez-moi`);
/** Only a signature is behind them at the end of a line. */
const BEFORE_SIGNATURE = words(`
  regards | greetings | grüße | grüßen | gruß | gruss | grüsse | lg | vg | mfg | bg | gezeichnet | cordialement | saludos | saluti
  groeten | groetjes | groet | atenciosamente | abraços | pozdrawiam | hälsningar | mvh | hilsen | saygılarımla | с уважением`);
/** Other words can be behind them too. */
const CAN_SIGN = words(`
  thanks | thank you | thx | cheers | best | best wishes | all the best | sincerely | yours | love | signed | danke | dank
  signé | merci | amicalement | salutations | bises | gracias | atentamente | grazie | obrigado | obrigada | bedankt | tack
  takk | dziękuję | teşekkürler | спасибо`);
const PHONE = words(`
  tel(?:efon|ephone|éphone|éfono|efono|efone)? | phone | handy | handynummer | mobile? | mobilnummer | cell | whatsapp | móvil
  portable | telefonnummer | phone number | тел | телефон | 电话 | 手机 | 電話 | 전화`);
const STUDENT_NUMBER = words(`
  matr?(?:ikel)?[.-]{0,2}\\s?(?:nr|no|nummer) | matrikel${LETTERS}{0,20} | mtknr | immatrikulations-?nummer
  stud(?:ent|enten)?[.-]{0,2}\\s?(?:id|no|nr|number|nummer) | (?:registration|enrol?lment) (?:id|no|number) | my id | meine id
  num[ée]ro (?:d[’'])?étudiant | n[°º] (?:d[’'])?étudiant | matricule | matricola | matr[íi]cula
  n[úu]mero de (?:estudiante|alumno|alumna|aluno|aluna|matr[íi]cula) | numer (?:albumu|indeksu) | öğrenci (?:no|numarası|numaram)
  номер студенческого(?: билета)? | студенческий(?: билет)? | رقم الطالب | الرقم الجامعي | iban`);
const IS =
  "(?:\\s{0,9}(?:is|ist|est|es|é|è|lautet|nr|no|number|nummer|是|は|은|는|:|=|#|\\.|№){1,3}){0,3}\\s{0,9}";

/** Details behind words that stay. */
const AFTER: RegExp[] = [
  // Any code with a digit after the word for it, also with spaces.
  after(
    `${START}${STUDENT_NUMBER}${IS}`,
    `(?=${LETTERS}{0,9}\\p{Nd})[\\p{L}\\p{Nd}]{1,40}(?:[ ./-]\\p{Nd}{1,20}){0,9}`,
    "giu",
  ),
  after(
    `(?:学号|学籍番号|学生番号|学生证号|학번)${IS}`,
    "[\\p{L}\\p{Nd}]{0,9}\\p{Nd}[\\p{L}\\p{Nd} -]{1,30}",
  ),
  // Spanish identity numbers. In lower case the words are also Polish and German, so the number must be long.
  after(
    `${START}(?:DNI|NIE|(?i:dni|nie)(?=\\D{0,9}\\p{Nd}[\\p{Nd}.-]{5}))${IS}`,
    "(?i:[XYZ]?\\p{Nd}[\\p{Nd}.-]{0,12}[A-Z]?)(?![\\p{L}\\p{N}])",
  ),
  after(`${START}(?:${PHONE})${IS}`, "[+(]{0,2}\\p{Nd}[\\p{Nd}\\s()/.‐‑–-]{2,30}\\p{Nd}", "giu"),
  after(`${START}(?i:${NAME_FOLLOWS})${SEPARATOR}`, ANY_NAME),
  after(`${START}(?i:${NAME_CAN_FOLLOW})${SEPARATOR}`, NAME),
  after("(?:我叫|我的名字[是叫]|名字[是叫]|姓名[：:]\\s?)", "\\p{sc=Han}{2,4}"),
  after("(?:我是)", "\\p{sc=Han}{2,4}(?=[，,。.！!]|$)"),
  after(
    "(?:私の名前は|名前は)\\s?",
    "[\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\s・]{2,15}?(?=です|と|。|、|$)",
  ),
  after("(?:제\\s?이름은|저는)\\s?", "\\p{sc=Hangul}{2,4}(?=입니다|이에요|예요|이고|[.,]|$)"),
  // Two capitalized words, or one before a place, because "this is" often begins another sentence.
  after(
    `${START}(?:[Tt]his is|[Hh]ier ist|[Hh]ier spricht|[Ii]ci)${GAP}`,
    `(?:${TITLES}${CAPITALIZED}(?:\\s${PARTICLE}{0,3}${CAPITALIZED}){1,3}|${CAPITALIZED}(?=\\s(?:from|aus|de|here)\\s))`,
  ),
  // A person signs the text.
  after(
    `${START}(?i:${BEFORE_SIGNATURE})${SEPARATOR}`,
    `(?:${NAME}|${LETTERS}(?=${LETTERS})${WORD}(?:[ \\t]${WORD}){0,1})${AT_END_OF_LINE}`,
  ),
  after(`${START}(?i:${CAN_SIGN})${SEPARATOR}`, `${NAME}${AT_END_OF_LINE}`),
  after("(?:^[ \\t]{0,9}[-–—~][ \\t]{0,9})", `${NAME}(?=[ \\t]{0,9}[.!]?\\s*$(?![\\s\\S]))`),
];

/** `detail` behind `before`, which is the first group of the expression. */
function after(before: string, detail: string, flags = "gmu"): RegExp {
  return new RegExp(`(${before})(?:${detail})`, flags);
}

const WHOLE: RegExp[] = [
  // International account numbers.
  /(?<![\p{L}\p{N}])[A-Z]{2}\d{2}(?: ?[\dA-Z]{4}){3,7}(?: ?[\dA-Z]{1,3})?(?![\p{L}\p{N}])/gu,
  // E-mail addresses, also with words for the signs.
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]+(?:[@＠]|\s?[([{<]\s?(?:at|ät)\s?[)\]}>]\s?|\s[@＠]\s(?=[\p{L}\p{N}-]+\.\p{L}))[\p{L}\p{N}-]+(?:\s?(?:\.|[([{<]\s?(?:dot|punkt|point)\s?[)\]}>])\s?[\p{L}\p{N}-]+)*/giu,
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]+\s(?:at|ät|arobase|arroba)\s[\p{L}\p{N}-]+(?:\s?(?:\.|\s(?:dot|punkt|point|punto)\s)\s?[\p{L}\p{N}-]+){0,3}?(?:\.|\s(?:dot|punkt|point|punto)\s)(?:com|org|net|edu|ac|eu|de|at|ch|fr|es|it|pt|uk|nl|be|pl|se|us|ca|au|jp|cn|kr|in|br)(?![\p{L}\p{N}])/giu,
  // Names of accounts, and the addresses of profiles.
  /(?<![\p{L}\p{N}])@[\p{L}\p{N}_.-]{2,}/gu,
  /(?<![\p{L}\p{N}])(?:linkedin\.com\/in|instagram\.com|facebook\.com|t\.me|wa\.me)\/[^\s/]{1,100}/giu,
  // Telephone numbers.
  /(?<![\p{L}\p{N}])(?:\+|\p{Nd}(?<=[0٠۰०０]))\p{Nd}[\p{Nd}\s()/.‐‑–-]{5,30}\p{Nd}/gu,
  /(?<![\p{L}\p{N}])\+\s?\(?\p{Nd}[\p{Nd}\s()/.‐‑–-]{5,30}\p{Nd}/gu,
  /(?<![\p{L}\p{N}])\(?\d{3}\)?[\s.‐‑–-]\s?\d{3}[\s.‐‑–-]\d{4}(?!\d)/gu,
  // Numbers of students, cards and accounts: longer than a year.
  /(?<![\p{L}\p{N}.,])\p{L}{0,3}\p{Nd}{5,}(?![\p{L}\p{N}]|[.,]\p{Nd})/gu,
  /(?<!\p{Nd})\p{Nd}{3,}(?:[-/]\p{Nd}{3,}){2,}(?!\p{Nd})/gu,
  /(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)/gu,
];

/**
 * A text without the details that most often identify its author: addresses, telephone and student numbers, and a name
 * with which they introduce themselves or sign. Other names stay, because rules cannot tell them from names of the
 * subject. Of a long text, the beginning.
 */
export function maskPersonalDetails(text: string): string {
  const start = text.length > MOST_CHARACTERS ? firstWords(text) : text;
  // Accents of letters as one character with the letter.
  const whole = WHOLE.reduce((masked, one) => masked.replace(one, MASK), start.normalize());
  return AFTER.reduce((masked, one) => masked.replace(one, `$1${MASK}`), whole);
}

/** Without a part of a word, such as half of an address, at its end. */
const firstWords = (text: string) =>
  `${text
    .slice(0, MOST_CHARACTERS)
    .toWellFormed()
    .replace(/\S{1,100}$/u, "")}${MASK}`;
