import { type AppError, ERRORS } from "../../errors";

type Field = { path: string; message: string };

/** A failure as clients of OpenAI's API read it; `code` is ours, as docs/errors.md explains it. */
export function toCompletionError({ errorCode: code, details }: AppError) {
  const { status, title } = ERRORS[code];
  // Callers learn details of their own mistakes only.
  const [field] = status < 500 ? ((details.fields as Field[] | undefined) ?? []) : [];
  return {
    error: {
      message: field
        ? `${title}: ${[field.path, field.message].filter(Boolean).join(": ")}`
        : title,
      type: typeOf(status),
      param: field?.path || null,
      code,
    },
  };
}

function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}
