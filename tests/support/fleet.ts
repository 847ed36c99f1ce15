import { join } from "node:path";
import { cloneNative } from "./native-database";
import { hasPgBouncer, startPgBouncer } from "./pgbouncer";
import { startS3Server } from "./s3-server";
import { openServerHost, type Server } from "./server";
import { eventually } from "./waiting";

type Role = "api" | "worker";
type Member = { role: Role; name: string; server: Server; isInRotation: boolean; open: number };

/** The longest that a request keeps a process in the fleet. */
const DRAIN_MS = 30_000;

export type RestartStep = "drain" | "stop" | "start" | "ready";

/** Several processes on one PostgreSQL and one bucket, behind a balancer. Leaving its block ends all. */
export type Fleet = AsyncDisposable & {
  /** The processes that run now. */
  members(): readonly Member[];
  /** Sends a request to the next API process in rotation. The response counts as open until `done`. */
  send(request: Request | string): Promise<{ response: Response; done(): void }>;
  /**
   * Replaces one process after the other, as a balancer does it: without new requests, then SIGTERM.
   *
   * @param onStep  called at the start of each step of each process
   */
  restart(onStep?: (name: string, step: RestartStep) => void): Promise<void>;
};

/**
 * Starts API and worker processes, each with a folder of its own as on its own machine. They share a native
 * database, through PgBouncer in transaction mode where it is installed, and a bucket.
 *
 * @param env  settings of all processes; `ROLE` replaces that of each
 */
export async function openFleet(
  { apis, workers }: { apis: number; workers: number },
  env: Record<string, string> = {},
): Promise<Fleet> {
  await using stack = new AsyncDisposableStack();
  const database = await cloneNative();
  stack.defer(() => database.close());
  const s3 = await startS3Server();
  stack.defer(() => s3.close());
  const pooler = hasPgBouncer
    ? stack.use(await startPgBouncer(database.url, { mode: "transaction", size: 20 }))
    : null;
  const host = stack.use(await openServerHost());
  const settings = {
    DATABASE_URL: pooler?.url ?? database.url,
    ...(pooler && { DATABASE_DIRECT_URL: database.url }),
    STORAGE: "s3",
    S3_ENDPOINT: s3.settings.endpoint!,
    S3_BUCKET: s3.settings.bucket,
    S3_ACCESS_KEY_ID: s3.settings.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.settings.secretAccessKey,
    ...env,
  };
  const start = (role: Role, name: string) =>
    host.start({ ROLE: role, ...settings, DATA_ROOT: join(host.dataRoot, name) });

  const members: Member[] = [];
  for (const [role, count] of [["api", apis] as const, ["worker", workers] as const]) {
    for (let n = 1; n <= count; n++) {
      const name = `${role}-${n}`;
      const server = await start(role, name);
      members.push({ role, name, server, isInRotation: true, open: 0 });
    }
  }
  let turn = 0;
  const owned = stack.move();
  return {
    members: () => members,
    async send(request) {
      const serving = members.filter(({ role, isInRotation }) => role === "api" && isInRotation);
      const member = serving[turn++ % serving.length]!;
      member.open += 1;
      try {
        const response = await member.server.send(request);
        return { response, done: () => void (member.open -= 1) };
      } catch (error) {
        member.open -= 1;
        throw error;
      }
    },
    async restart(onStep = () => {}) {
      for (const member of members) {
        onStep(member.name, "drain");
        member.isInRotation = false;
        await eventually(
          async () => member.open,
          (open) => open === 0,
          DRAIN_MS,
        );
        onStep(member.name, "stop");
        const exit = await member.server.stop("SIGTERM");
        if (exit !== 0) throw new Error(`${member.name} ended with ${exit}`);
        onStep(member.name, "start");
        member.server = await start(member.role, member.name);
        onStep(member.name, "ready");
        member.isInRotation = true;
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
