/**
 * Writes `docs/openapi.json`, the API as `/swagger/json` describes it, for clients and for reviewers
 * who read a diff. With `--check` it writes nothing and exits 1 when the file is stale.
 *
 * It needs no database: an unreachable one does not change what the routes declare. The settings are
 * fixed, so the text is the same on every machine.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp } from "../src/app";
import { loadConfig } from "../src/config";
import { openServices } from "../src/services";

const OPENAPI = join(import.meta.dir, "../docs/openapi.json");
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

const document = await dumpOpenApi();
if (!Bun.argv.includes("--check")) {
  await Bun.write(OPENAPI, document);
} else if (
  document !==
  (await Bun.file(OPENAPI)
    .text()
    .catch(() => ""))
) {
  console.error(
    "docs/openapi.json is not what the routes declare. Run: bun scripts/dump-openapi.ts",
  );
  process.exitCode = 1;
}
