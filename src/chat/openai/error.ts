import { type AppError, ERRORS } from "../../errors";

type InvalidField = { path: string; message: string };

/** An error in the form of OpenAI's API; `code` is ours, see docs/errors.md. */
export function toCompletionError({ errorCode: code, details }: AppError) {
  const { status, title } = ERRORS[code];
  // Details of 5xx errors stay on the server.
  const shown = status < 500 ? details : {};
  const [field] = (shown.fields as InvalidField[] | undefined) ?? [];
  const reason = typeof shown.message === "string" ? shown.message : title;
  return {
    error: {
      message: field
        ? `${title}: ${[field.path, field.message].filter(Boolean).join(": ")}`
        : reason,
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
