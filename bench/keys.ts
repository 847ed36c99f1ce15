import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp } from "../src/app";
import { loadConfig } from "../src/config";
import { insertKey } from "../src/db/access/keys";
import { migrate } from "../src/db/migrate";
import { openServices } from "../src/services";
import { isQuick, publish } from "./figures";
import { createNativeDatabase } from "./lib";

/**
 * The cost of API keys: the same request to the same app with AUTH=off and with a key, without a network.
 * The difference is the cost of a key. The statements of the key requests are counted in the database.
 */
const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
const ROUNDS = isQuick ? 10 : 20;
const PER_ROUND = 500;

async function openApp(url: string, settings: Record<string, string>) {
  const config = loadConfig({
    DATABASE_URL: url,
    LOG_LEVEL: "silent",
    RATE_LIMITS: "read=1000000,chat=1000000",
    DATA_ROOT: folder,
    ...settings,
  });
  const services = await openServices(
    { ...config, DATABASE_URL: url },
    { connections: 2, localEmbedderUrl: "http://127.0.0.1:1", name: "bench" },
  );
  const app = createApp(services);
  await app.modules;
  return { app, services };
}

const database = await createNativeDatabase();
if (!database) process.exit(1);
await migrate(database.url);
const open = await openApp(database.url, { AUTH: "off" });
const guarded = await openApp(database.url, { BOOTSTRAP_API_KEY: "x".repeat(40) });
const { key } = await insertKey(
  guarded.services.db,
  {
    name: "bench",
    scopes: ["chat"],
    course_ids: null,
    rate_per_minute: 1_000_000,
    expires_at: null,
  },
  { key_id: null, user_id: null, route: "bench", request_id: null },
);

/** A route without a query of its own. Returns microseconds per request. */
async function measure({ app }: typeof open, headers: Record<string, string>): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < PER_ROUND; i += 1) {
    const response = await app.handle(
      new Request("http://localhost/api/chat/capabilities", { headers }),
    );
    if (response.status !== 200) throw new Error(`status ${response.status}`);
    await response.arrayBuffer();
  }
  return ((performance.now() - started) * 1_000) / PER_ROUND;
}

const statementsOf = async () => {
  const [row] = await guarded.services.db<{ used: number }[]>`
    select coalesce(sum(seq_scan + idx_scan), 0)::int as used from pg_stat_user_tables
    where relname = 'api_keys'`;
  return row!.used;
};

await measure(open, {});
await measure(guarded, { authorization: `Bearer ${key}` });
const scansBefore = await statementsOf();
const times = { open: [] as number[], key: [] as number[] };
for (let i = 0; i < ROUNDS; i += 1) {
  times.open.push(await measure(open, {}));
  times.key.push(await measure(guarded, { authorization: `Bearer ${key}` }));
}
await Bun.sleep(1_500); // the statistics of PostgreSQL are a second late
const scans = (await statementsOf()) - scansBefore;

await publish([
  {
    id: "keys.request",
    what: "request with an API key",
    unit: "µs",
    samples: times.key,
    peer: { what: "AUTH=off", samples: times.open },
  },
  {
    id: "keys.cost",
    what: "time that the key adds",
    unit: "µs",
    samples: times.key.map((withKey, i) => withKey - times.open[i]!),
    limit: { at_most: 100 },
  },
  {
    id: "keys.loads",
    what: `loads of the keys in ${ROUNDS * PER_ROUND} requests`,
    unit: "loads",
    samples: [scans],
    limit: { at_most: 20 },
  },
]);
await guarded.services.close();
await open.services.close();
await database.close();
await rm(folder, { recursive: true });
process.exit(0);
