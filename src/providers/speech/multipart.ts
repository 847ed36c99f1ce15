export type MultipartField = readonly [name: string, value: string];

export type MultipartFile = {
  field: string;
  path: string;
  /** The file name in the request; servers detect the format by its extension. */
  filename: string;
  type: string;
};

export type Multipart = {
  headers: { "content-type": string; "content-length": string };
  body: BodyInit;
};

const CRLF = "\r\n";

/**
 * A `multipart/form-data` request whose file is read while it is sent.
 *
 * `FormData` with `Bun.file` reads the file into memory twice: 602 MB for 300 MB, against 37 MB
 * this way. The length is sent ahead, because speech services refuse chunked uploads.
 *
 * @throws the file system's error when the file is missing
 */
export async function multipart(
  fields: readonly MultipartField[],
  { field, path, filename, type }: MultipartFile,
): Promise<Multipart> {
  const boundary = `lectern-${crypto.randomUUID()}`;
  const encoder = new TextEncoder();
  const part = (name: string, more: string, content: string) =>
    `--${boundary}${CRLF}content-disposition: form-data; name="${name}"${more}${CRLF}${CRLF}${content}`;

  const texts = fields.map(([name, value]) => part(name, "", value) + CRLF).join("");
  const fileHeader = part(field, `; filename="${filename}"${CRLF}content-type: ${type}`, "");
  const head = encoder.encode(texts + fileHeader);
  const tail = encoder.encode(`${CRLF}--${boundary}--${CRLF}`);
  const { size } = await Bun.file(path).stat();

  return {
    headers: {
      "content-type": `multipart/form-data; boundary=${boundary}`,
      "content-length": String(head.length + size + tail.length),
    },
    // Bun sends what a generator yields; the DOM's types, which win here, do not know that.
    body: concat(head, path, tail) as unknown as BodyInit,
  };
}

async function* concat(head: Uint8Array, path: string, tail: Uint8Array) {
  yield head;
  yield* Bun.file(path).stream();
  yield tail;
}
