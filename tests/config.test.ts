import { afterAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ConfigProblems,
  findMisspeltSettings,
  fromCallerFolder,
  loadConfig,
} from "../src/config";
import { AppError, explain } from "../src/errors";
import { modelProblems } from "../src/providers/models";
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

  test("fails with all of its problems at once, also those of models", () => {
    const also = ["S3_BUCKET", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"];
    const missing = ["PANOPTO_CLIENT_SECRET", "PANOPTO_PASSWORD"];
    const { STORAGE: _, PANOPTO_CLIENT_ID: __, PANOPTO_USERNAME: ___, ...wrong } = WRONG;

    expect(Object.keys(problemsOf(WRONG)).sort()).toEqual(
      [...Object.keys(wrong), ...also, ...missing].sort(),
    );
  });

  test("names the missing server of a reranker's threshold", () => {
    expect(Object.keys(problemsOf({ RERANK_MIN_SCORE: "-1.5" }))).toEqual(["RERANK_BASE_URL"]);
  });

  test.each([
    ["RERANK_MIN_SCORE", "high", "must be a number"],
    ["PORT", "http", "must be a whole number, 0 to 65535"],
    ["MAX_PAGES", "0", "must be a whole number, 1 or more"],
    ["DATABASE_URL", "mysql://localhost/x", "postgres://user:password@host:port/database"],
    ["DATABASE_URL", "postgres://a:100%@localhost/x", "%25 for %"],
    ["DATABASE_URL", "postgres://a:b#c@localhost/x", "percent-encoded"],
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

describe("a secret in a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lectern-secrets-"));
  afterAll(() => rm(folder, { recursive: true }));
  const write = async (name: string, text: string) => {
    await Bun.write(join(folder, name), text);
    return join(folder, name);
  };

  test("is read without its final line break", async () => {
    const config = loadConfig({
      OPENAI_API_KEY_FILE: await write("key", "sk-1 \n"),
      DATABASE_URL_FILE: await write("url", "postgres://a:b@db/c\r\n"),
      GOOGLE_API_KEY_FILE: "",
    });

    expect(config.OPENAI_API_KEY).toBe("sk-1 ");
    expect(config.DATABASE_URL).toBe("postgres://a:b@db/c");
    expect(config.GOOGLE_API_KEY).toBeUndefined();
  });

  test("is not used if the variable itself is set", async () => {
    const OPENAI_API_KEY_FILE = await write("other", "from the file");

    expect(loadConfig({ OPENAI_API_KEY: "set", OPENAI_API_KEY_FILE }).OPENAI_API_KEY).toBe("set");
    expect(loadConfig({ OPENAI_API_KEY: "", OPENAI_API_KEY_FILE }).OPENAI_API_KEY).toBe(
      "from the file",
    );
  });

  test("that is missing, empty or wrong is a problem of its variable", async () => {
    const problems = problemsOf({
      OPENAI_API_KEY_FILE: join(folder, "missing"),
      GOOGLE_API_KEY_FILE: await write("empty", "\n"),
      DATABASE_URL_FILE: await write("wrong", "mysql://x/y"),
    });

    expect(problems.OPENAI_API_KEY_FILE?.join()).toContain("cannot be read (ENOENT)");
    expect(problems.GOOGLE_API_KEY_FILE?.join()).toContain("is empty");
    expect(problems.DATABASE_URL?.join()).toContain("postgres://");
  });
});

describe("a misspelt setting", () => {
  test.each([
    ["DATABSE_URL", "DATABASE_URL"],
    ["DATABASEURL", "DATABASE_URL"],
    ["database_url", "DATABASE_URL"],
    ["OPENAI_APIKEY", "OPENAI_API_KEY"],
    ["OPENAI_KEY", "OPENAI_API_KEY"],
    ["OPEN_AI_API_KEY", "OPENAI_API_KEY"],
    ["ELEVENLAB_API_KEY", "ELEVENLABS_API_KEY"],
    ["WORKER", "WORKERS"],
    ["PANOPTO_COOKIES", "PANOPTO_COOKIE"],
    ["CORS_ORIGIN", "CORS_ORIGINS"],
    ["PUBLIC_ULR", "PUBLIC_URL"],
    ["MAX_UPLOAD", "MAX_UPLOAD_MB"],
    ["S3_ACCESS_KEY", "S3_ACCESS_KEY_ID"],
    ["OPENAI_API_KEY_FIEL", "OPENAI_API_KEY_FILE"],
  ])("is found: %s means %s", (name, meant) => {
    expect(findMisspeltSettings({ [name]: "x" })).toEqual([{ name, meant }]);
  });

  test("is not suspected where there is none", () => {
    const usual = [
      ...[
        "HOME",
        "PATH",
        "PWD",
        "USER",
        "SHELL",
        "HOSTNAME",
        "POSTGRES_PASSWORD",
        "PGHOST",
        "TERM",
      ],
      ...["NO_PROXY", "HTTP_PROXY", "NODE_ENV", "LANG", "TZ", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"],
      ...[
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CLOUD_PROJECT",
        "AWS_REGION",
        "TEST_DATABASE_URL",
      ],
      ...["FLY_APP_NAME", "BUN_CONFIG_MAX_HTTP_REQUESTS", "LOCAL_EMBEDDER_URL", "XDG_DATA_HOME"],
      ...["DATABASE_URL", "DATABASE_URL_FILE", "PORT", "AUTH"],
    ];

    expect(findMisspeltSettings(Object.fromEntries(usual.map((name) => [name, "x"])))).toEqual([]);
    expect(findMisspeltSettings({ DATABSE_URL: "" })).toEqual([]);
  });
});

test("OIDC_SCOPES_MAP gives the scopes of each role, and names its mistakes", () => {
  const { OIDC_SCOPES_MAP } = loadConfig({
    OIDC_SCOPES_MAP: "https://uni.example/role=teacher=read+ingest, *=read",
  });

  expect([...OIDC_SCOPES_MAP]).toEqual([
    ["https://uni.example/role=teacher", ["read", "ingest"]],
    ["*", ["read"]],
  ]);
  for (const bad of ["teacher", "teacher=write", "=read", "teacher="]) {
    expect(() => loadConfig({ OIDC_SCOPES_MAP: bad })).toThrow("The environment is not usable");
  }
});

test("a login needs its audience, and a bootstrap key 32 characters", () => {
  expect(() => loadConfig({ OIDC_ISSUER: "https://login.example" })).toThrow();
  expect(() => loadConfig({ BOOTSTRAP_API_KEY: "short" })).toThrow();
});

test.each([
  ["archive.tar.zst", "/home/ada/archive.tar.zst"],
  ["../course", "/home/course"],
  ["/backups/archive.tar.zst", "/backups/archive.tar.zst"],
  ["s3://bucket/prefix", "s3://bucket/prefix"],
])("the argument %s of a command called in /home/ada is %s", (path, expected) => {
  expect(fromCallerFolder(path, { LECTERN_CALLER_DIR: "/home/ada" })).toBe(expected);
  expect(fromCallerFolder(path, {})).toBe(path);
});
