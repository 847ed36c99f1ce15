/** Languages with month names; Chinese, Japanese and Korean number their months. */
const LANGUAGES =
  "en de fr es it pt nl ru uk pl cs sk sv da nb fi hu ro tr el bg ca id ar fa hi zh".split(" ");
/** Month names that are frequent words too: only with a capital they are months. */
const AMBIGUOUS = new Set(["may", "march", "mars"]);

/** The months (1–12) that a text names, in any of the languages. */
export function monthsOf(text: string): Set<number> {
  const found = new Set<number>();
  for (const [word] of text.matchAll(/[\p{L}\p{M}]{3,20}/gu)) {
    for (const month of monthOf(word) ?? []) found.add(month);
  }
  return found;
}

/** The months (1–12) that a word can name; undefined for any other word. */
export function monthOf(word: string): ReadonlySet<number> | undefined {
  const name = word.toLowerCase();
  if (AMBIGUOUS.has(name) && word === name) return undefined;
  names ??= readNames();
  return names.get(name);
}

let names: Map<string, Set<number>> | undefined;

/** From the platform's locale data, with the forms used beside a day. */
function readNames(): Map<string, Set<number>> {
  const all = new Map<string, Set<number>>();
  for (const language of LANGUAGES) {
    for (const options of [{ month: "long" }, { month: "long", day: "numeric" }] as const) {
      const format = new Intl.DateTimeFormat(language, {
        ...options,
        timeZone: "UTC",
        calendar: "gregory",
      });
      for (let month = 1; month <= 12; month++) {
        const parts = format.formatToParts(Date.UTC(2024, month - 1, 15));
        const name = parts.find(({ type }) => type === "month")?.value.toLowerCase() ?? "";
        if (/^[\p{L}\p{M}]{3,}$/u.test(name)) {
          all.set(name, (all.get(name) ?? new Set()).add(month));
        }
      }
    }
  }
  return all;
}
