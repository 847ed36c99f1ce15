import type { ErrorCode, Problem } from "./schema.js";

/** A refusal or failure that the server has answered with. */
export class LecternError extends Error {
  override readonly name = "LecternError";
  /** HTTP status. */
  readonly status: number;
  /** The server's code; undefined when a proxy answered in its place. */
  readonly code: ErrorCode | undefined;
  /** The whole answer of the server; undefined when a proxy answered in its place. */
  readonly problem: Problem | undefined;

  constructor(status: number, body: unknown) {
    const problem = isProblem(body) ? body : undefined;
    const fields = problem?.details?.fields ?? [];
    const reasons = fields.map(({ path, message }) => (path ? `${path}: ${message}` : message));
    super([problem?.title ?? `The server answered ${status}`, ...reasons].join("; "));
    this.status = status;
    this.code = problem?.code;
    this.problem = problem;
  }
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === "object" && body !== null && "code" in body && "title" in body;

type Answer<T> = { data?: T; error?: unknown; response: Response };

/**
 * The data of an answer.
 *
 * @throws LecternError if the server answered with an error
 */
export async function dataOf<T>(answer: Answer<T> | Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw new LecternError(response.status, error);
  // A slow answer begins with status 200, so a later failure is only in its body.
  if (isProblem(data)) throw new LecternError(data.status, data);
  return data as T;
}
