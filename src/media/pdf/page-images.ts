import { AppError } from "../../errors";
import { drawWithPdfjs } from "./page-images-pdfjs";
import { drawWithPoppler } from "./page-images-poppler";
import type { PageImage } from "./pdf-process";

export type { PageImage };

export type RenderOptions = {
  /** Pixels of the longer side, for every page size. */
  longSidePx?: number;
  signal?: AbortSignal;
};

/** Draws single pages as JPEG, in a process that is killed at its limits and on abort. */
export interface PageRenderer {
  readonly name: "poppler" | "pdfjs";

  /**
   * @param path         a readable PDF
   * @param page_number  from 1
   * @throws AppError `page_render_failed`, with the renderer's message as `reason`; `pdf_reader_killed`;
   * the signal's reason when it aborts
   */
  render(path: string, page_number: number, options?: RenderOptions): Promise<PageImage>;
}

/**
 * The largest size that vision models do not reduce: Claude's limit is 1568 pixels (its vision guide),
 * and Gemini cuts images into tiles of 768, so this is two by two tiles.
 */
export const LONG_SIDE_PX = 1568;

/**
 * Poppler draws a slide six times faster. pdfjs is always installed, and draws pages that poppler cannot
 * draw, such as those of a file with a broken index.
 */
export function openPageRenderer(): PageRenderer {
  const pdftoppm = Bun.which("pdftoppm");
  return pdftoppm ? orElse(popplerRenderer(pdftoppm), pdfjsRenderer) : pdfjsRenderer;
}

/** Uses the second renderer when the first fails, except after a timeout. */
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
