import type { StoredVersion } from "../../db/document-versions";
import { AppError } from "../../errors";
import { LONG_SIDE_PX, type PageRenderer } from "../../media/pdf/page-images";
import { openScratch } from "../../media/scratch";
import type { FileStorage } from "../../storage/files";
import { matchesEtag } from "../http/matches-etag";
import { turns } from "./turns";

/** Responses of page images, for the OpenAPI document. */
export const IMAGE_RESPONSES = {
  200: { description: "The page", content: { "image/jpeg": {} } },
  304: { description: "The caller has this image: its ETag is in If-None-Match" },
};

export type PageImageTools = {
  storage: FileStorage;
  pageRenderer: PageRenderer;
  dataRoot: string;
};

/** Pages rendered at the same time for all callers; a thumbnail strip requests fifty at once. */
const DRAWN_AT_ONCE = 2;

/**
 * Returns pages as JPEG. The server caches nothing: rendering takes about 12 ms, and clients cache the
 * image, because the same file always gives the same image.
 */
export function openPageImages({ storage, pageRenderer, dataRoot }: PageImageTools) {
  const takeTurn = turns(DRAWN_AT_ONCE);

  /** @throws AppError `page_not_found`, `page_render_failed`, `document_file_missing` */
  return async (
    version: StoredVersion,
    page_number: number,
    request: Request,
  ): Promise<Response> => {
    const { page_count, sha256, file_id } = version;
    if (page_count === null || page_number > page_count) {
      throw new AppError("page_not_found", { page_count });
    }
    const etag = `"${sha256.slice(0, 32)}-${page_number}-${LONG_SIDE_PX}-${pageRenderer.name}"`;
    const headers = new Headers({
      "content-type": "image/jpeg",
      "cache-control": "private, max-age=3600",
      "x-content-type-options": "nosniff",
      etag,
    });
    if (matchesEtag(request.headers.get("if-none-match"), etag)) {
      return new Response(null, { status: 304, headers });
    }
    const { signal } = request;
    using _turn = await takeTurn();
    signal.throwIfAborted();
    await using scratch = await openScratch(dataRoot);
    const path = await storage.localPath(file_id, scratch.path, signal);
    const { bytes } = await pageRenderer.render(path, page_number, { signal });
    return new Response(new Uint8Array(bytes), { headers });
  };
}
