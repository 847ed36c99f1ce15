/** A JSON request for `app.handle` or, with a server's address, for `fetch`. */
export const postJson = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  new Request(new URL(path, "http://localhost"), {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

export const get = (path: string, headers: Record<string, string> = {}) =>
  new Request(new URL(path, "http://localhost"), { headers });

/** A multipart upload; text fields beside one file. */
export function postFile(
  path: string,
  fields: Record<string, string>,
  file?: { name: string; bytes: Uint8Array; type?: string },
): Request {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  if (file)
    form.set(
      "file",
      new File([file.bytes as Uint8Array<ArrayBuffer>], file.name, {
        type: file.type ?? "application/pdf",
      }),
    );
  return new Request(new URL(path, "http://localhost"), { method: "POST", body: form });
}
