import { AppError } from "../errors";
import { codeOfRefusal, withoutSecrets } from "./refusal";

const MAX_REASON_CHARS = 300;

/**
 * Sends a JSON body to a model server and returns the JSON of its response; undefined if that is not JSON.
 *
 * @param provider  the server or its model, for errors
 * @param key  sent as a bearer token
 * @throws AppError `provider_…` when no response arrives or its status is an error; the signal's reason
 */
export async function postJson(
  url: string,
  body: object,
  { provider, key, signal }: { provider: string; key?: string | undefined; signal: AbortSignal },
): Promise<unknown> {
  const secrets: Record<string, string> = key ? { authorization: `Bearer ${key}` } : {};
  const headers = { "content-type": "application/json", ...secrets };
  const request = { method: "POST", headers, body: JSON.stringify(body), signal };
  const response = await fetch(url, request).catch((cause: Error) => {
    signal.throwIfAborted();
    const details = { provider, reason: cause.message.slice(0, MAX_REASON_CHARS) };
    throw new AppError("provider_unavailable", details, { cause });
  });
  if (response.ok) {
    const json: unknown = await response.json().catch(() => undefined);
    signal.throwIfAborted();
    return json;
  }
  const { status } = response;
  const text = await response.text().catch(() => "");
  const message = withoutSecrets(text, secrets).slice(0, MAX_REASON_CHARS);
  throw new AppError(codeOfRefusal(status), { provider, status, message });
}
