import type { RootContent } from "hast";
import haskell from "highlight.js/lib/languages/haskell";
import latex from "highlight.js/lib/languages/latex";
import matlab from "highlight.js/lib/languages/matlab";
import { common, createLowlight } from "lowlight";

const lowlight = createLowlight({ ...common, haskell, latex, matlab });

/** Code as a tree of coloured parts; undefined for an unknown language. */
export function highlight(text: string, language: string): RootContent[] | undefined {
  return lowlight.registered(language) ? lowlight.highlight(language, text).children : undefined;
}
