import createClient, { type Client } from "openapi-fetch";
import type { paths } from "./schema.js";

/** A client of `openapi-fetch` with the paths of Lectern: `GET`, `POST`, `PUT`, `PATCH`, `DELETE`. */
export type LecternClient = Client<paths>;

export type LecternClientOptions = {
  /** Address of the server, such as `https://lectern.example.edu`; empty for the page's own server. */
  baseUrl: string;
  /** An API key or a login token. A function is called for each request. */
  apiKey?: string | (() => string | null | undefined) | undefined;
  /** Default: the global `fetch`. */
  fetch?: (request: Request) => Promise<Response>;
};

/** Opens a client. It sends the key with each request, and a body that contains a file as a form. */
export function createLecternClient({
  baseUrl,
  apiKey,
  fetch,
}: LecternClientOptions): LecternClient {
  const client = createClient<paths>({ baseUrl, ...(fetch && { fetch }), bodySerializer });
  client.use({
    onRequest({ request }) {
      const key = typeof apiKey === "function" ? apiKey() : apiKey;
      if (key) request.headers.set("authorization", `Bearer ${key}`);
    },
  });
  return client;
}

function bodySerializer(body: unknown): BodyInit {
  if (typeof body === "string" || body instanceof Blob || body instanceof FormData) return body;
  const fields = Object.entries(Object(body) as Record<string, unknown>);
  if (!fields.some(([, value]) => value instanceof Blob)) return JSON.stringify(body);
  const form = new FormData();
  for (const [name, value] of fields) {
    if (value instanceof Blob) form.set(name, value);
    else if (value !== undefined && value !== null) form.set(name, String(value));
  }
  return form;
}
