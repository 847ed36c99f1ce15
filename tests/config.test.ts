import { describe, expect, test } from "bun:test";
import { type ConfigProblems, loadConfig } from "../src/config";
import { AppError, explain } from "../src/errors";
import { modelProblems } from "../src/providers";
import { transcriberProblems } from "../src/providers/speech/select-transcriber";

type Environment = Record<string, string>;

function problemsOf(env: Environment): ConfigProblems {
  try {
    loadConfig(env, [modelProblems, transcriberProblems]);
    return {};
  } catch (error) {
    return (error as AppError).details.problems as ConfigProblems;
  }
}

describe("a wrong environment", () => {
  const WRONG = {
    PORT: "http",
    WORKERS: "65",
    DATABASE_URL: "mysql://localhost/x",
    OPENAI_BASE_URL: "localhost:11434",
    STORAGE: "s3",
    CORS_ORIGINS: "https://app.example,app.example",
    PANOPTO_ALLOWED_HOSTS: "https://uni.example",
    PANOPTO_CLIENT_ID: "id",
    PANOPTO_USERNAME: "somebody",
    CHAT_MODEL: "gpt-5",
    EMBEDDING_MODEL: "google:gemini-embedding-001",
    TRANSCRIPTION_MODEL: "whisper",
  };

  test("is told with all of its problems at once, those of models included", () => {
    const also = ["S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"];
    const missing = ["PANOPTO_CLIENT_SECRET", "PANOPTO_PASSWORD"];
    const { STORAGE: _, PANOPTO_CLIENT_ID: __, PANOPTO_USERNAME: ___, ...wrong } = WRONG;

    expect(Object.keys(problemsOf(WRONG)).sort()).toEqual(
      [...Object.keys(wrong), ...also, ...missing].sort(),
    );
  });

  test.each([
    ["PORT", "http", "must be a whole number, 0 to 65535"],
    ["MAX_PAGES", "0", "must be a whole number, 1 or more"],
    ["DATABASE_URL", "mysql://localhost/x", "postgres://user:password@host:port/database"],
    ["OPENAI_BASE_URL", "localhost:11434", "https://host/path"],
    ["CORS_ORIGINS", "https://app.example/path", "https://app.example"],
    ["CORS_ORIGINS", "app.example:3000", "https://app.example"],
    ["PANOPTO_ALLOWED_HOSTS", "https://uni.example", "name.example, *.example.com or host:port"],
  ])("is told what %s takes instead of %s", (name, value, words) => {
    expect(problemsOf({ [name]: value })[name]?.join()).toContain(words);
  });
});

test("origins are kept as browsers send them", () => {
  const { CORS_ORIGINS } = loadConfig({
    CORS_ORIGINS: "http://localhost:3000/, https://App.example, capacitor://localhost",
  });

  const app = "capacitor://localhost";
  expect(CORS_ORIGINS).toEqual(["http://localhost:3000", "https://app.example", app]);
});

test("what stops a start reads as the reason, then what to do, then the facts", () => {
  const error = new AppError("migration_changed", { name: "0001.sql", advice: "Put it back" });

  expect(explain(error)).toBe(
    "An applied migration differs from its file. Put it back\n  name: 0001.sql",
  );
});
