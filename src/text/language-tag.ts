/**
 * The BCP 47 tag for a language as services and files write it: `en`, `eng`, `en_us`, `English`.
 *
 * @returns null for an unknown name
 */
export function toLanguageTag(name: string | null | undefined): string | null {
  const wanted = name?.trim().toLowerCase().replaceAll("_", "-");
  if (!wanted) return null;
  const tagOfName = englishNames().get(wanted);
  if (tagOfName) return tagOfName;
  try {
    const tag = new Intl.Locale(wanted);
    return tag.language.length <= 3 ? tag.toString() : null;
  } catch {
    return null;
  }
}

let names: Map<string, string> | undefined;

/** Whisper writes English names; the runtime has them for every two-letter code. */
function englishNames(): Map<string, string> {
  if (names) return names;
  const display = new Intl.DisplayNames("en", { type: "language", fallback: "none" });
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  const codes = letters.flatMap((first) => letters.map((second) => first + second));
  names = new Map(
    codes.flatMap((code) => {
      const name = display.of(code);
      return name ? [[name.toLowerCase(), Intl.getCanonicalLocales(code)[0]!]] : [];
    }),
  );
  return names;
}

/** A BCP 47 tag as it is usually written: `pt-br` is `pt-BR`. */
export const canonicalLanguage = (tag: string): string => Intl.getCanonicalLocales(tag)[0]!;

export function isLanguageTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}
