import { Elysia } from "elysia";
import { AppError } from "../../errors";

/** Compressed bodies are refused, because a small one can inflate to any size. */
export const refuseEncodedBodies = new Elysia({ name: "encoded-bodies" }).onRequest(
  ({ request }) => {
    const encoding = request.headers.get("content-encoding")?.trim() || "identity";
    if (encoding.toLowerCase() !== "identity")
      throw new AppError("content_encoding_invalid", { expected: "no Content-Encoding" });
  },
);
