import { z } from "zod";
import { AppError, type FieldProblem } from "../../errors";
import { EMBEDDING_DIMENSIONS } from "../../providers/embedder";
import type { EmbeddedTexts } from "../../retrieval/embed-texts";
import { decodeTokens } from "../../text/tokens";
import { parseBody } from "../request";
import { toCourseId } from "./request";

/** As at OpenAI; its clients split longer lists. */
const MAX_INPUTS = 2_048;

const Tokens = z.array(z.int().min(0)).min(1);
const Inputs = z
  .array(z.union([z.string(), Tokens], "must be a text, or tokens of cl100k_base"))
  .min(1)
  .max(MAX_INPUTS);

export const EmbeddingsBody = z.object({
  model: z.string().max(200).describe("`course:<id>`, as listed by GET /v1/models"),
  input: z
    .union([z.string(), Tokens, Inputs])
    .describe(
      `A text, or up to ${MAX_INPUTS} texts. Tokens of cl100k_base are accepted in place of a text`,
    ),
  encoding_format: z
    .enum(["float", "base64"])
    .nullish()
    .describe("`base64` contains 32-bit floats in little-endian order"),
  dimensions: z
    .literal(EMBEDDING_DIMENSIONS, `must be ${EMBEDDING_DIMENSIONS}, as the vectors of all courses`)
    .nullish(),
});

/** Names the wrong entry of a list; a union only reports that no alternative fits. */
const ListBody = EmbeddingsBody.extend({ input: Inputs });

function hasList(body: unknown): boolean {
  const input = (body as { input?: unknown } | null)?.input;
  return Array.isArray(input) && typeof input[0] !== "number";
}

export type EmbeddingsRequest = {
  course_id: string;
  model: string;
  texts: string[];
  format: "float" | "base64";
};

/** @throws AppError `request_invalid`, naming the fields, or `course_not_found` */
export function readEmbeddingsRequest(body: unknown): EmbeddingsRequest {
  const { model, input, encoding_format } = parseBody(
    hasList(body) ? ListBody : EmbeddingsBody,
    body,
  );
  const isOne = typeof input === "string" || typeof input[0] === "number";
  const inputs = (isOne ? [input] : input) as (string | number[])[];
  const fields: FieldProblem[] = [];
  const texts = inputs.map((one, index) => {
    const text = typeof one === "string" ? one : decodeTokens(one);
    const path = isOne ? "input" : `input.${index}`;
    if (text === null) fields.push({ path, message: "has tokens that cl100k_base does not have" });
    else if (!/\S/.test(text)) fields.push({ path, message: "must not be blank" });
    return text ?? "";
  });
  if (fields.length > 0) throw new AppError("request_invalid", { fields: fields.slice(0, 20) });
  return { course_id: toCourseId(model), model, texts, format: encoding_format ?? "float" };
}

/**
 * The response as JSON text in pieces, one for each embedding: 2 048 embeddings as numbers are 60 MB, which
 * would block all other requests for a second.
 */
export async function* toEmbeddingsJson(
  { model, format }: EmbeddingsRequest,
  { model: embedding_model, embeddings, tokens }: EmbeddedTexts,
): AsyncGenerator<string> {
  yield `{"object":"list","data":[`;
  for (const [index, vector] of embeddings.entries()) {
    const embedding = format === "base64" ? toBase64(vector) : vector;
    const item = JSON.stringify({ object: "embedding", index, embedding });
    yield index === 0 ? item : `,${item}`;
    await Bun.sleep(0);
  }
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  yield `],${JSON.stringify({ model, embedding_model, usage }).slice(1)}`;
}

/** Typed arrays have the byte order of the machine, so the order is written explicitly. */
function toBase64(vector: number[]): string {
  const bytes = Buffer.alloc(vector.length * Float32Array.BYTES_PER_ELEMENT);
  vector.forEach((value, i) => {
    bytes.writeFloatLE(value, i * Float32Array.BYTES_PER_ELEMENT);
  });
  return bytes.toString("base64");
}
