export type OutlineEntry = {
  title: string;
  /** Null when the entry leads out of the document or to nowhere. */
  page_number: number | null;
  /** 0 for a chapter, 1 for its sections, and so on. */
  level: number;
};

export type PdfDeck = {
  page_count: number;
  /** From the file's metadata; often null, sometimes the name of a template. */
  title: string | null;
  /** BCP 47, when the file declares it. */
  language: string | null;
  outline: OutlineEntry[];
  /** The label of each page, as in `PdfPage`; null when the document has no labels. */
  page_labels: (string | null)[] | null;
  /** Author, Creator and the like. */
  metadata: Record<string, string>;
  /** Content that is not read here: the files of a portfolio, or a form for Adobe software. */
  unread_content: "portfolio" | "xfa_form" | null;
};

export type PdfPage = {
  /** From 1. */
  page_number: number;
  /** The page number as the document prints it: `iv`, `A-3`. */
  label: string | null;
  /** Points of 1/72 inch, as shown: after rotation and cropping. */
  width_pt: number;
  height_pt: number;
  /** In reading order, a line per line, an empty line between paragraphs, filled-in form fields last. */
  text: string;
  headings: string[];
  title: string | null;
  /** The page's place in the outline, without its own title: `Part 3 › Channels`. */
  section: string | null;
  /** Headers, footers and page numbers that repeat through the deck; not part of `text`. */
  running_lines: string[];
  /** True when most of the text is unreadable, because its font does not map glyphs to characters. */
  is_garbled: boolean;
  /** Share of the page that images take, 0 to 1; text drawn as shapes counts as an image. */
  picture_share: number;
  /** True when the page is too damaged to be read. */
  unreadable: boolean;
};
