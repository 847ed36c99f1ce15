import { Elysia } from "elysia";
import { z } from "zod";
import type { AuditWriter } from "../db/access/audit-writer";
import { findOwner } from "../db/access/owners";
import type { Sql } from "../db/client";
import { AppError } from "../errors";
import { canReachCourse } from "../principal";
import { recordAudit } from "./http/audit";
import { principalOf, viewerOf } from "./http/auth";
import { jsonBody } from "./http/json-body";
import { ownBaseUrl } from "./http/own-origin";
import { Time } from "./http/schemas";
import { openUrlSigner } from "./http/url-signer";

/** The addresses that open without a header: files, page images, transcripts and chapters. */
const SIGNABLE =
  /^\/api\/(document|lecture)s\/([0-9a-f-]{36})\/(?:(?:versions\/[0-9a-f]{64}\/)?(?:file|pages\/\d{1,7}\/image)|transcript(?:\/view)?|chapters)(?:[?#]|$)/;

const SignRequest = z.strictObject({
  urls: z
    .array(z.string().max(2_000))
    .min(1)
    .max(100)
    .describe(
      "Paths or addresses of files, page images, transcripts and chapters, such as the `url` of a citation",
    ),
});
const SignedUrls = z
  .object({ items: z.array(z.object({ url: z.string(), expires_at: Time })) })
  .meta({ id: "SignedUrls" });

type SignedUrlDeps = {
  db: Sql;
  audit: AuditWriter;
  config: { PUBLIC_URL?: string | undefined };
};

/** Addresses that a browser can open without a header. */
export const signedUrlRoutes = ({ db, audit, config }: SignedUrlDeps) => {
  const signer = openUrlSigner(db);

  /**
   * The asset of an address, and its course.
   *
   * @throws AppError `request_invalid`, `document_not_found`, `lecture_not_found`
   */
  const requireVisible = async (url: string, request: Request) => {
    const [, kind, id] = SIGNABLE.exec(url) ?? [];
    if (!kind || !id) {
      const message = "only paths of files, page images, transcripts and chapters can be signed";
      throw new AppError("request_invalid", { fields: [{ path: "urls", message }] });
    }
    const named = kind as "document" | "lecture";
    const notFound = new AppError(`${named}_not_found`);
    if (!z.guid().safeParse(id).success) throw notFound;
    const owner = await findOwner(db, named, id, viewerOf(request));
    if (!owner || !canReachCourse(principalOf(request), owner.course_id)) throw notFound;
    return { id, course_id: owner.course_id };
  };

  return new Elysia({ prefix: "/api/signed-urls", tags: ["Keys"] }).post(
    "",
    async ({ body, request }) => {
      const base = ownBaseUrl(request, config);
      const urls = body.urls.map((url) =>
        url.startsWith(`${base}/`) ? url.slice(base.length) : url,
      );
      const viewer = viewerOf(request);
      const assets = await Promise.all(urls.map((url) => requireVisible(url, request)));
      const items = await Promise.all(urls.map((url) => signer.sign(url, viewer)));
      // One event for each asset: a page can have many images.
      for (const { id: target, course_id } of new Map(assets.map((a) => [a.id, a])).values()) {
        recordAudit(audit, request, { event_type: "file.signed", target, course_id });
      }
      return { items };
    },
    {
      parse: jsonBody,
      body: SignRequest,
      response: SignedUrls,
      detail: {
        summary: "Sign addresses of files, page images, transcripts and chapters",
        description:
          "For `<img>`, `<iframe>` and links, which send no header. A signed address opens for 15 minutes, for everyone who has it, the material that its sender sees. Revoking the key does not end it earlier.",
      },
    },
  );
};
