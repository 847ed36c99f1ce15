import { z } from "zod";

/**
 * The OpenAPI request body of a multipart upload: the text fields of `fields`, and one required file
 * in the field `file`. Routes that read their own body (`parse: "none"`) declare it as
 * `detail.requestBody`, because Elysia does not see their schema.
 *
 * @param fields the schema that `receiveUpload` checks the text fields with
 * @param file which files are accepted, in words for the reader of Swagger
 */
export function multipartBody(fields: z.ZodObject, file: string) {
  const { properties = {}, required = [] } = z.toJSONSchema(fields, { io: "input" });
  const fileField = { type: "string", format: "binary", description: file };
  const schema = {
    type: "object" as const,
    required: [...required, "file"],
    properties: { ...properties, file: fileField },
  };
  return { required: true, content: { "multipart/form-data": { schema: schema as object } } };
}
