/**
 * The BCP 47 tag of what a speech service calls a language: `en`, `eng` and `English` are `en`.
 *
 * @returns null for what no language is called
 */
export function toLanguageTag(name: string | null | undefined): string | null {
  const wanted = name?.trim().toLowerCase().replaceAll("_", "-");
  if (!wanted) return null;
  const named = englishNames().get(wanted);
  if (named) return named;
  try {
    const tag = new Intl.Locale(wanted);
    return tag.language.length <= 3 ? tag.toString() : null;
  } catch {
    return null;
  }
}

let names: Map<string, string> | undefined;

/** Whisper answers with English names; the runtime knows them for every two-letter code. */
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
