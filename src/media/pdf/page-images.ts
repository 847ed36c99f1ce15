import { AppError } from "../../errors";
import { drawWithPdfjs } from "./page-images-pdfjs";
import { drawWithPoppler } from "./page-images-poppler";
import type { PageImage } from "./pdf-process";

export type { PageImage };

export type RenderOptions = {
  /** Pixels of the longer side, whatever size the page claims to have. */
  longSidePx?: number;
  signal?: AbortSignal;
};

/** Draws single pages as JPEG, in a process that is killed at its limits and on abort. */
export interface PageRenderer {
  readonly name: "poppler" | "pdfjs";

  /**
   * @param path         a readable PDF
   * @param page_number  from 1
   * @throws AppError `page_render_failed`, with the renderer's own words as `reason`; `pdf_reader_killed`;
   * the signal's reason when it aborts
   */
  render(path: string, page_number: number, options?: RenderOptions): Promise<PageImage>;
}

/**
 * What vision models look at without shrinking it first: Claude's limit is 1568 pixels (its vision
 * guide), and Gemini cuts images into tiles of 768, so this is two by two of them.
 */
export const LONG_SIDE_PX = 1568;

/**
 * Poppler draws a slide six times faster; pdfjs needs nothing that is not installed anyway, and draws
 * what poppler makes nothing of, such as pages of a file with a broken index.
 */
export function openPageRenderer(): PageRenderer {
  const pdftoppm = Bun.which("pdftoppm");
  return pdftoppm ? orElse(popplerRenderer(pdftoppm), pdfjsRenderer) : pdfjsRenderer;
}

/** What takes the first too long is not drawn a second time. */
function orElse(first: PageRenderer, second: PageRenderer): PageRenderer {
  return {
    name: first.name,
    async render(...page) {
      try {
        return await first.render(...page);
      } catch (error) {
        const failed = error instanceof AppError && error.errorCode === "page_render_failed";
        if (!failed || error.details.limit) throw error;
        return await second.render(...page);
      }
    },
  };
}

export const popplerRenderer = (pdftoppm: string): PageRenderer => ({
  name: "poppler",
  render: (path, page_number, { longSidePx = LONG_SIDE_PX, signal } = {}) =>
    drawWithPoppler(pdftoppm, { path, page_number, longSidePx, signal }),
});

export const pdfjsRenderer: PageRenderer = {
  name: "pdfjs",
  render: (path, page_number, { longSidePx = LONG_SIDE_PX, signal } = {}) =>
    drawWithPdfjs({ path, page_number, longSidePx, signal }),
};
