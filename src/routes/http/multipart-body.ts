import { z } from "zod";

/**
 * The OpenAPI request body of a multipart upload: the text fields of `fields`, and one required file
 * in the field `file`. Routes that read their own body (`parse: "none"`) declare it as
 * `detail.requestBody`, because Elysia does not see their schema.
 *
 * @param fields the schema that `receiveUpload` checks the text fields with
 * @param file which files are accepted, in words for the reader of Swagger
 */
export const multipartBody = (fields: z.ZodObject, file: string) =>
  toRequestBody(fields, "file", { ...BINARY, description: file });

/** As `multipartBody`, for `receiveFolder`: one or more files in fields with the name `files`. */
export const folderBody = (fields: z.ZodObject, files: string) =>
  toRequestBody(fields, "files", {
    type: "array",
    items: BINARY,
    minItems: 1,
    description: files,
  });

const BINARY = { type: "string", format: "binary" };

function toRequestBody(fields: z.ZodObject, name: string, file: object) {
  const { properties = {}, required = [] } = z.toJSONSchema(fields, { io: "input" });
  const schema = {
    type: "object" as const,
    required: [...required, name],
    properties: { ...properties, [name]: file },
  };
  return { required: true, content: { "multipart/form-data": { schema: schema as object } } };
}
