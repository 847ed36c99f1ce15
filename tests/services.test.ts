import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../src/config";
import { openServices } from "../src/services";
import { databaseUrl } from "./support/database";

test("services close after the answers that are being stored", async () => {
  const database = await databaseUrl();
  const root = await mkdtemp(join(tmpdir(), "services-"));
  const services = await openServices(
    { ...loadConfig({ DATA_ROOT: root, LOG_LEVEL: "silent" }), DATABASE_URL: database.url },
    { connections: 2, localEmbedderUrl: "http://localhost:1", name: "test" },
  );
  let stored: unknown;
  const store = async () => {
    if (!services.shutdown.aborted) {
      await new Promise((resolve) => services.shutdown.addEventListener("abort", resolve));
    }
    await Bun.sleep(20);
    [stored] = await services.db`select 'partial answer' as content`;
  };
  services.beforeClose(store());
  await services.close();

  expect(stored).toEqual({ content: "partial answer" });
  await database.close();
  await rm(root, { recursive: true });
});
