import { LecternError } from "@lectern/client";
import { BASE_URL } from "./base-url";
import { credentialHeaders } from "./credential";

const ROUTES: [RegExp, string][] = [
  [/\.pdf$/i, "/api/documents/upload"],
  [/\.(vtt|srt|json)$/i, "/api/lectures/transcript"],
  [/\.(mp3|m4a|mp4|aac|wav|flac|ogg|opus|webm|aiff?|wma|caf|amr)$/i, "/api/lectures/audio"],
];

/** The route that takes a file, by its name; undefined for a kind that no route takes. */
export const uploadRouteOf = (filename: string): string | undefined =>
  ROUTES.find(([pattern]) => pattern.test(filename))?.[1];

/**
 * Uploads a file to a course.
 *
 * @param onProgress gets the sent share, 0 to 1. `fetch` does not report it, so this is an XMLHttpRequest.
 * @throws LecternError if the server refuses the file; TypeError if it cannot be reached
 */
export function uploadFile(
  file: File,
  course_id: string,
  onProgress: (share: number) => void,
): Promise<void> {
  const form = new FormData();
  // The server reads the fields before the file.
  form.set("course_id", course_id);
  form.set("title", file.name.replace(/\.\w+$/, "").slice(0, 300));
  form.set("file", file);
  const request = new XMLHttpRequest();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
  request.onload = () => {
    if (request.status < 400) resolve();
    else reject(new LecternError(request.status, parse(request.responseText)));
  };
  request.onerror = () => reject(new TypeError("The upload broke off"));
  request.open("POST", `${BASE_URL}${uploadRouteOf(file.name)}`);
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
