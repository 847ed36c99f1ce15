import { createHmac, timingSafeEqual } from "node:crypto";
import { getSigningSecret } from "../../db/access/signing-secret";
import type { Sql } from "../../db/client";
import { AppError } from "../../errors";
import { SEES_ALL, type Viewer } from "../../principal";

/** How long a signed address opens its file, in seconds. */
export const SIGNED_FOR_S = 15 * 60;

export type UrlSigner = {
  /** The address with an expiry and a signature. It opens what the viewer sees at that time. */
  sign(url: string, viewer: Viewer): Promise<{ url: string; expires_at: string }>;
  /**
   * The viewer of a signed address.
   *
   * @throws AppError `unauthenticated` if it was changed or has expired
   */
  verify(path: string, query: URLSearchParams): Promise<Viewer>;
};

/** Signs paths with the secret of the database, so that all processes accept them, also after a restart. */
export function openUrlSigner(sql: Sql): UrlSigner {
  let secret: Promise<Uint8Array> | undefined;
  const readSecret = () => {
    secret ??= getSigningSecret(sql).catch((error: unknown) => {
      secret = undefined; // the next request tries again
      throw error;
    });
    return secret;
  };
  const signatureOf = async (path: string, exp: string, viewer: string): Promise<Buffer> =>
    createHmac("sha256", await readSecret())
      .update(`${path}\n${exp}\n${viewer}`)
      .digest();

  return {
    async sign(url, viewer) {
      const { pathname, searchParams, hash } = new URL(url, "http://localhost");
      const exp = Math.floor(Date.now() / 1_000) + SIGNED_FOR_S;
      const seenBy = toText(viewer);
      const signature = await signatureOf(pathname, String(exp), seenBy);
      searchParams.set("exp", String(exp));
      searchParams.set("for", seenBy);
      searchParams.set("sig", signature.toString("base64url"));
      const expires_at = new Date(exp * 1_000).toISOString();
      return { url: `${pathname}?${searchParams}${hash}`, expires_at };
    },
    async verify(path, query) {
      const [exp = "", seenBy = "", given = ""] = ["exp", "for", "sig"].map(
        (name) => query.get(name) ?? undefined,
      );
      const expected = await signatureOf(path, exp, seenBy);
      const signature = Buffer.from(given, "base64url");
      const isGenuine =
        signature.length === expected.length && timingSafeEqual(signature, expected);
      if (!isGenuine || Number(exp) * 1_000 < Date.now()) {
        const message = "This signed address has expired or was changed: ask for a new one";
        throw new AppError("unauthenticated", { message });
      }
      return toViewer(seenBy);
    },
  };
}

/** `all`, or `teacher` or `student` with the id of a user, if the viewer has one. */
function toText({ owner, seesUnreleased }: Viewer): string {
  if (owner === "all") return "all";
  return `${seesUnreleased ? "teacher" : "student"}${owner === null ? "" : `.${owner}`}`;
}

function toViewer(text: string): Viewer {
  if (text === "all") return SEES_ALL;
  const [role, owner = null] = text.split(".");
  return { owner, seesUnreleased: role === "teacher" };
}
