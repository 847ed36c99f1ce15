/**
 * Makes pdfjs report the data that it skips while it extracts text: colours, layers, clips, images and
 * `/ActualText`. `getTextContent` interprets every operator of a page, but it returns text and place only,
 * and the operator list, its public alternative, decodes every image and omits `/ActualText`
 * (docs/decisions/0037). The hooks are inserted while the module is loaded, so no installed file changes.
 */
import type { BunPlugin } from "bun";
import type { GlyphNames } from "./tex-encodings";

/** A dictionary of a PDF as pdfjs represents it. */
export type PdfDict = {
  get(name: string): unknown;
  getArray(name: string): unknown;
  objId?: string;
};
/** Column-major, as in the PDF specification: x' = a x + c y + e. */
export type Matrix = ArrayLike<number>;

/** The parameters of the text state that decide the position of text. */
export type TextState = {
  /** From the current user space to the page's space. */
  ctm: Matrix;
  textMatrix: Matrix;
  fontSize: number;
  textRise: number;
};

/** One content stream: the page's own, or that of a form on it. */
export type ContentStream = {
  resources: PdfDict;
  /** Decodes a PDF string: UTF-16, UTF-8 or PDFDocEncoding. */
  decode(bytes: string): string;
  /** Reads an optional content dictionary, or its name among the resources; throws when malformed. */
  readLayer(properties: unknown): object | null;
};

/** Follows the operators of one page in the order of drawing. */
export interface PageObserver {
  /**
   * @param args  reused by pdfjs for the next operator
   * @returns whether the next characters need a text item of their own
   */
  operator(operator: number, args: unknown[], text: TextState, stream: ContentStream): boolean;
  /** @returns the number under which a text item that starts now is remembered */
  mark(): number;
  /**
   * The characters of an item as text.
   *
   * @param typed  indexes in `characters` at which the page has a space; pdfjs infers the others from gaps
   */
  join(characters: string[], typed: number[]): string;
  beginForm(form: PdfDict, ctm: Matrix, stream: ContentStream): void;
  endForm(): void;
}

declare global {
  /** Set while a page's text is read. */
  var pdfPageObserver: PageObserver | undefined;
  /** Gets a font without a map, with the names of a bitmap font's glyphs; returns the characters of its codes, if it knows them. */
  var pdfCharactersOf:
    | ((fontName: string | undefined, names: GlyphNames) => Map<number, string> | null)
    | undefined;
}

const OBSERVER = "globalThis.pdfPageObserver";
const CHARACTERS_OF = "globalThis.pdfCharactersOf";

/** Anchor in the library's source, and its replacement. Each anchor occurs once. */
const INSERTIONS: [anchor: string, replacement: string][] = [
  [
    "    properties.hasIncludedToUnicodeMap = !!properties.toUnicode?.size;\n",
    // LaTeX writes a map for its large signs that calls a sum X.
    `$& if (properties.toUnicode instanceof ToUnicodeMap && !properties.composite) {
      const signs = ${CHARACTERS_OF}?.(properties.name, []);
      const map = new CharCodeMap();
      for (const [code, text] of signs ?? []) map.set(code, text);
      properties.toUnicode.amend(map);
    }\n`,
  ],
  [
    "      return new ToUnicodeMap(this._simpleFontToUnicode(properties));\n",
    `      const characters = ${CHARACTERS_OF}?.(properties.name, properties.isType3Font ? properties.differences.entries() : []);
      const codes = this._simpleFontToUnicode(properties);
      if (characters) for (const [code, text] of characters) codes.set(code, text);
      return new ToUnicodeMap(codes);\n`,
  ],
  [
    "        if (category.isInvisibleFormatMark) {\n",
    // Only a soft hyphen shows that a word is divided at the end of a line.
    `$& if (${OBSERVER} && glyph.unicode === "\\u00ad" && textContentItem.initialized) textContentItem.str.push("\\u00ad");\n`,
  ],
  [
    "    const emptyGStateCache = new LocalGStateCache();\n    const preprocessor = new EvaluatorPreprocessor(stream, xref, stateManager);\n    let textState, currentTextState;\n",
    `$& const contentStream = {
      resources,
      decode: stringToPDFString,
      readLayer: properties => parseMarkedContentProps(xref, properties, resources),
    };\n`,
  ],
  [
    "        currentTextState ||= textState.clone();\n        const fn = operation.fn;\n        args = operation.args;\n",
    `$& if (${OBSERVER}?.operator(fn, args, textState, contentStream)) flushTextContentItem();\n`,
  ],
  [
    "      textContentItem.fontName = loadedName;\n",
    `$& textContentItem.mark = ${OBSERVER}?.mark();\n`,
  ],
  [
    "        if (!keepWhiteSpace && category.isWhitespace) {\n",
    "$& if (textContentItem.initialized) (textContentItem.typed ??= []).push(textContentItem.str.length);\n",
  ],
  [
    '      let text = textChunk.str.join("");\n      if (!disableNormalization) {',
    `      let text = ${OBSERVER} ? ${OBSERVER}.join(textChunk.str, textChunk.typed ?? []) : textChunk.str.join("");
      textChunk.typed = undefined;
      if (!disableNormalization) {`,
  ],
  [
    "        hasEOL: textChunk.hasEOL\n",
    "        hasEOL: textChunk.hasEOL, mark: textChunk.mark\n",
  ],
  [
    "              enqueueChunk();\n              const sinkWrapper = textSinkWrapper(sink);\n",
    `$& ${OBSERVER}?.beginForm(dict, xObjStateManager.state.ctm, contentStream);\n`,
  ],
  [
    "              }).then(function () {\n                if (!sinkWrapper.enqueueInvoked) {",
    `              }).finally(() => ${OBSERVER}?.endForm()).then(function () {\n                if (!sinkWrapper.enqueueInvoked) {`,
  ],
];

/**
 * Inserts the hooks, in Bun's runtime as well as in its bundler.
 *
 * @throws Error while the module is loaded, when an anchor is missing: another version of the library
 */
export const pdfjsHooks: BunPlugin = {
  name: "pdfjs-hooks",
  setup(build) {
    build.onLoad({ filter: /[\\/]pdf\.worker\.mjs$/ }, async ({ path }) => ({
      contents: insertHooks(await Bun.file(path).text()),
      loader: "js",
    }));
  },
};

function insertHooks(source: string): string {
  return INSERTIONS.reduce((text, [anchor, replacement]) => {
    const parts = text.split(anchor);
    if (parts.length !== 2)
      throw new Error(`pdfjs-hooks: ${parts.length - 1} places for ${anchor}`);
    return parts.join(replacement.replace("$&", () => anchor));
  }, source);
}
