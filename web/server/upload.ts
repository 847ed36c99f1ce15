import { LecternError } from "@lectern/client";
import { TRANSCRIPT_EXTENSIONS } from "../../src/text/transcript/transcript-kinds";
import { BASE_URL } from "./base-url";
import { credentialHeaders } from "./credential";

const TRANSCRIPT = new RegExp(`\\.(${TRANSCRIPT_EXTENSIONS.join("|")})$`, "i");
const AUDIO = /\.(mp3|m4a|mp4|aac|wav|flac|ogg|opus|webm|aiff?|wma|caf|amr)$/i;
const ROUTES: [RegExp, string][] = [
  [/\.pdf$/i, "/api/documents/upload"],
  [TRANSCRIPT, "/api/lectures/transcript"],
  [AUDIO, "/api/lectures/audio"],
];

/** The route that takes a file, by its name; undefined for a kind that no route takes. */
export const uploadRouteOf = (filename: string): string | undefined =>
  ROUTES.find(([pattern]) => pattern.test(filename))?.[1];

type UploadOptions = {
  /** Gets the sent share, 0 to 1. */
  onProgress: (share: number) => void;
  signal: AbortSignal;
};

/**
 * Adds a file to a course as a new lecture or document.
 *
 * @throws as `sendFile`
 */
export function addFile(file: File, course_id: string, options: UploadOptions): Promise<void> {
  const title = file.name.replace(/\.\w+$/, "").slice(0, 300);
  return sendFile("POST", uploadRouteOf(file.name)!, { course_id, title }, file, options);
}

/**
 * Gives a lecture the file for its transcript: a transcript, or audio instead of its recording.
 *
 * @throws as `sendFile`
 */
export function replaceRecording(
  file: File,
  lecture_id: string,
  options: UploadOptions,
): Promise<void> {
  const path = `/api/lectures/${lecture_id}`;
  return TRANSCRIPT.test(file.name)
    ? sendFile("PUT", `${path}/transcript`, {}, file, options)
    : sendFile("POST", `${path}/retranscribe`, {}, file, options);
}

/**
 * Sends a form with a file. An XMLHttpRequest, because `fetch` does not report the progress.
 *
 * @throws LecternError if the server refuses the file; TypeError or SyntaxError if it cannot be reached; the signal's reason
 */
function sendFile(
  method: "POST" | "PUT",
  path: string,
  fields: Record<string, string>,
  file: File,
  { onProgress, signal }: UploadOptions,
): Promise<void> {
  const form = new FormData();
  // The server reads the fields before the file.
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set("file", file);
  const request = new XMLHttpRequest();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => request.abort());
  request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
  request.onload = () => {
    const answer = parse(request.responseText);
    if (request.status >= 400) reject(new LecternError(request.status, answer));
    // The login page of a proxy, for example, also has status 200.
    else if (answer === undefined) reject(new SyntaxError("The answer is not JSON"));
    else resolve();
  };
  request.onerror = () => reject(new TypeError("The upload broke off"));
  request.onabort = () => reject(signal.reason);
  request.open(method, `${BASE_URL}${path}`);
  for (const [name, value] of Object.entries(credentialHeaders())) {
    request.setRequestHeader(name, value);
  }
  request.send(form);
  return promise;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
