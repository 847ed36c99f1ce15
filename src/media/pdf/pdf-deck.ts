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
  /** Author, Creator and the like. */
  metadata: Record<string, string>;
  /** What the file holds besides its pages, or instead of them, and is not read here. */
  unread_content: "portfolio" | "xfa_form" | null;
};

export type PdfPage = {
  /** From 1. */
  page_number: number;
  /** What the document itself prints as the number: `iv`, `A-3`. */
  label: string | null;
  /** Points of 1/72 inch, as shown: after rotation and cropping. */
  width_pt: number;
  height_pt: number;
  /** In reading order, a line per line, an empty line between paragraphs, filled-in form fields last. */
  text: string;
  headings: string[];
  title: string | null;
  /** Where the outline puts the page, its own title left out: `Part 3 › Channels`. */
  section: string | null;
  /** Headers, footers and page numbers that repeat through the deck; not part of `text`. */
  running_lines: string[];
  /** True when most of the text is no words: its font does not say which characters it draws. */
  is_garbled: boolean;
  /** Share of the page that images take, 0 to 1; text drawn as shapes counts as an image. */
  picture_share: number;
  /** True when the page is so damaged that nothing of it could be read. */
  unreadable: boolean;
};
