import { afterAll } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../src/config";
import { openServices } from "../../src/services";
import { databaseUrl } from "./database";
import { startOpenAI } from "./openai";

/**
 * The services of a server without a chat model, with embeddings that are bags of words, the server of the
 * embeddings, and a folder for courses. All are removed after the last test of the file. Call it at the top level of the test file.
 */
export async function withEvaluationServices() {
  const root = await mkdtemp(join(tmpdir(), "evaluation-"));
  const database = await databaseUrl();
  const openai = startOpenAI();
  const config = loadConfig({
    OPENAI_BASE_URL: openai.url,
    EMBEDDING_MODEL: "openai:words",
    CHAT_MODEL: "local:extractive",
    DATA_ROOT: root,
    LOG_LEVEL: "silent",
  });
  const services = await openServices(
    { ...config, DATABASE_URL: database.url },
    { connections: 2, localEmbedderUrl: openai.url, name: "test" },
  );
  afterAll(async () => {
    await services.close();
    await openai.close();
    await database.close();
    await rm(root, { recursive: true });
  });
  return { root, services, openai };
}
