import { AppError } from "../../errors";
import { drawAllWithPdfjs, drawWithPdfjs } from "./page-images-pdfjs";
import { drawAllWithPoppler, drawWithPoppler } from "./page-images-poppler";
import type { PageImage } from "./pdf-exchanges";
import type { PagesToDraw, PageToDraw } from "./pdf-process";

export type { PageImage };

export type RenderOptions = {
  /** Pixels of the longer side, for every page size. */
  longSidePx?: number;
  signal?: AbortSignal;
};

/** Draws pages as JPEG, in a process that is killed at its limits and on abort. */
export interface PageRenderer {
  readonly name: "poppler" | "pdfjs";

  /**
   * @param path         a readable PDF
   * @param page_number  from 1
   * @throws AppError `page_render_failed`, with the renderer's message as `reason`; `pdf_reader_killed`;
   * the signal's reason when it aborts
   */
  render(path: string, page_number: number, options?: RenderOptions): Promise<PageImage>;

  /**
   * Draws several pages with one process. Pages missing from its result are drawn one by one, so a page at
   * fault affects only itself.
   *
   * @param page_numbers  in ascending order
   * @param folder  takes files while pages are drawn
   * @returns each page; null for one that cannot be drawn
   * @throws as `render`, except `page_render_failed`
   */
  renderAll(
    path: string,
    page_numbers: number[],
    options: RenderOptions & { folder: string },
  ): Promise<Map<number, PageImage | null>>;
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
  return pdftoppm ? toRenderer(orElse(popplerDrawing(pdftoppm), PDFJS)) : pdfjsRenderer;
}

export const popplerRenderer = (pdftoppm: string): PageRenderer =>
  toRenderer(popplerDrawing(pdftoppm));

type Drawing = {
  name: PageRenderer["name"];
  one(page: PageToDraw): Promise<PageImage>;
  /** The pages that could be drawn together. */
  several(pages: PagesToDraw): Promise<Map<number, PageImage>>;
};

const popplerDrawing = (pdftoppm: string): Drawing => ({
  name: "poppler",
  one: (page) => drawWithPoppler(pdftoppm, page),
  several: (pages) => drawAllWithPoppler(pdftoppm, pages),
});

const PDFJS: Drawing = { name: "pdfjs", one: drawWithPdfjs, several: drawAllWithPdfjs };

export const pdfjsRenderer: PageRenderer = toRenderer(PDFJS);

/** Draws a page in the second way when the first fails, except after a timeout. */
function orElse(first: Drawing, second: Drawing): Drawing {
  return {
    ...first,
    async one(page) {
      try {
        return await first.one(page);
      } catch (error) {
        const failed = error instanceof AppError && error.errorCode === "page_render_failed";
        if (!failed || error.details.limit) throw error;
        return await second.one(page);
      }
    },
  };
}

function toRenderer({ name, one, several }: Drawing): PageRenderer {
  return {
    name,
    render: (path, page_number, { longSidePx = LONG_SIDE_PX, signal } = {}) =>
      one({ path, page_number, longSidePx, signal }),
    async renderAll(path, page_numbers, { longSidePx = LONG_SIDE_PX, signal, folder }) {
      const drawn: Map<number, PageImage | null> =
        page_numbers.length > 1
          ? await several({ path, page_numbers, longSidePx, signal, folder })
          : new Map();
      for (const page_number of page_numbers) {
        if (drawn.has(page_number)) continue;
        drawn.set(page_number, await one({ path, page_number, longSidePx, signal }).catch(orNull));
      }
      return drawn;
    },
  };
}

/** Null for a page that cannot be drawn. */
function orNull(error: unknown): null {
  if (error instanceof AppError && error.errorCode === "page_render_failed") return null;
  throw error;
}
