/** The messages of src/text/field-messages.ts, and those of single fields that readers can get, in German. */
const MESSAGES: [RegExp, string][] = [
  [/^is missing$|^required$/, "fehlt"],
  [/^must not be (?:empty|blank)$/, "darf nicht leer sein"],
  [/^must be text$/, "muss ein Text sein"],
  [/^must be a number$/, "muss eine Zahl sein"],
  [/^must be a whole number$/, "muss eine ganze Zahl sein"],
  [/^must be true or false$/, "muss true oder false sein"],
  [/^must be a list$/, "muss eine Liste sein"],
  [/^must be an object$/, "muss ein Objekt sein"],
  [/^must be null$/, "muss null sein"],
  [/^must be an id \(a UUID\)$/, "muss eine ID (UUID) sein"],
  [/^must be a time such as (.+)$/, "muss eine Zeit wie $1 sein"],
  [/^must be a date such as (.+)$/, "muss ein Datum wie $1 sein"],
  [/^must be a web address such as (.+)$/, "muss eine Webadresse wie $1 sein"],
  [/^must be an email address$/, "muss eine E-Mail-Adresse sein"],
  [/^must be at least (\S+)$/, "muss mindestens $1 sein"],
  [/^must be at most (\S+)$/, "darf höchstens $1 sein"],
  [/^must be more than (\S+)$/, "muss größer als $1 sein"],
  [/^must be less than (\S+)$/, "muss kleiner als $1 sein"],
  [/^must be a multiple of (\S+)$/, "muss ein Vielfaches von $1 sein"],
  [/^must have at least (\d+) characters?$/, "muss mindestens $1 Zeichen haben"],
  [/^must have at most (\d+) characters?$/, "darf höchstens $1 Zeichen haben"],
  [/^must have exactly (\d+) characters?$/, "muss genau $1 Zeichen haben"],
  [/^must have at least (\d+) (?:items?|entr(?:y|ies))$/, "muss mindestens $1 Einträge haben"],
  [/^must have at most (\d+) (?:items?|entr(?:y|ies))$/, "darf höchstens $1 Einträge haben"],
  [/^must have exactly (\d+) (?:items?|entr(?:y|ies))$/, "muss genau $1 Einträge haben"],
  [/^must be (.+) or (\S+)$/, "muss $1 oder $2 sein"],
  [/^must be (\S+)$/, "muss $1 sein"],
  [/^must match (.+)$/, "muss der Form $1 entsprechen"],
  [/^is not a field of this request$/, "gehört nicht zu dieser Anfrage"],
  [/^contains a NUL character$/, "enthält ein NUL-Zeichen"],
  [/^must be text in UTF-8$/, "muss Text in UTF-8 sein"],
  [/^is text: send a file with its file name$/, "ist Text: Sende eine Datei mit ihrem Namen"],
  [/^a file is required$/, "eine Datei fehlt"],
  [/^one file at a time$/, "nur eine Datei auf einmal"],
];

/** The German message, or the English one if it is not known. A value with alternatives has one for each. */
export function toGermanMessage(message: string): string {
  if (message.includes(", or ")) return message.split(", or ").map(toGermanMessage).join(", oder ");
  for (const [pattern, german] of MESSAGES) {
    if (pattern.test(message)) return message.replace(pattern, german);
  }
  return message;
}
