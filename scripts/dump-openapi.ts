/**
 * Writes `docs/openapi.json`, the API as `/swagger/json` describes it, for clients and for reviewers
 * who read a diff; and the types of the TypeScript client. With `--check` it writes nothing and exits 1
 * when a file is stale.
 *
 * It needs no database: an unreachable one does not change what the routes declare. The settings are
 * fixed, so the text is the same on every machine.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp } from "../src/app";
import { loadConfig } from "../src/config";
import { OPERATIONS } from "../src/routes/http/operations";
import { openServices } from "../src/services";
import { toClientTypes } from "./client-types";

const ROOT = join(import.meta.dir, "..");
const UNREACHABLE = "http://127.0.0.1:1";

/** The OpenAPI document as indented JSON with a final line break. */
async function dumpOpenApi(): Promise<string> {
  const DATA_ROOT = await mkdtemp(join(tmpdir(), "lectern-openapi-"));
  const DATABASE_URL = "postgres://postgres@127.0.0.1:1/postgres";
  const config = loadConfig({ DATABASE_URL, DATA_ROOT, LOG_LEVEL: "silent" });
  const services = await openServices(
    { ...config, DATABASE_URL },
    { connections: 1, localEmbedderUrl: UNREACHABLE, name: "openapi" },
  );
  try {
    const app = createApp(services);
    await app.modules;
    const response = await app.handle(new Request("http://localhost/swagger/json"));
    return `${JSON.stringify(await response.json(), null, 2)}\n`;
  } finally {
    await services.close();
    await rm(DATA_ROOT, { recursive: true });
  }
}

/** Operations that src/routes/http/operations.ts does not name. */
function unnamed(document: string): string[] {
  const { paths } = JSON.parse(document) as { paths: Record<string, object> };
  return Object.entries(paths)
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
    .filter((route) => !(route in OPERATIONS));
}

/** The generated files and their texts. */
async function generate(): Promise<Record<string, string>> {
  const document = await dumpOpenApi();
  const nameless = unnamed(document);
  if (nameless.length > 0) {
    console.error(`Add to src/routes/http/operations.ts: ${nameless.join(", ")}`);
    process.exitCode = 1;
  }
  return {
    "docs/openapi.json": document,
    "clients/ts/src/schema.ts": await toClientTypes(document),
  };
}

const isCheck = Bun.argv.includes("--check");
for (const [path, text] of Object.entries(await generate())) {
  const file = Bun.file(join(ROOT, path));
  if (!isCheck) {
    await file.write(text);
  } else if (text !== (await file.text().catch(() => ""))) {
    console.error(`${path} is not what the routes declare. Run: bun scripts/dump-openapi.ts`);
    process.exitCode = 1;
  }
}
