import type { Config } from "./config";
import { AppError } from "./errors";
import type { createWorkerApp } from "./worker-app";

/** The routes of a process, of the API or of a worker. */
export type App = ReturnType<typeof createWorkerApp>;

/**
 * @param setting  the setting of the port
 * @throws AppError `config_invalid` when the port or the address cannot be used
 */
export async function listen(
  app: App,
  config: Config,
  setting: "PORT" | "WORKER_PORT",
): Promise<{ url: string; stop: () => Promise<void> }> {
  await app.modules;
  try {
    // By default Elysia shares the port, and two servers would get alternate requests.
    app.listen({ hostname: config.HOST, port: config[setting], reusePort: false });
  } catch (error) {
    throw notListening(error, config, setting);
  }
  // Streams end themselves at shutdown. After 2 s all connections are closed.
  const stop = async () => {
    await Promise.race([app.server?.stop(false), Bun.sleep(2_000)]);
    await app.server?.stop(true);
  };
  return { url: app.server!.url.href, stop };
}

/**
 * Creating the database takes seconds, so a port in use is reported before it.
 *
 * @throws AppError `config_invalid`
 */
export async function assertPortFree(config: Config): Promise<void> {
  const setting = config.ROLE === "worker" ? "WORKER_PORT" : "PORT";
  if (config[setting] === 0) return;
  const address = { hostname: config.HOST, port: config[setting], reusePort: false };
  try {
    const probe = Bun.serve({ ...address, fetch: () => new Response() });
    await probe.stop(true);
  } catch (error) {
    throw notListening(error, config, setting);
  }
}

function notListening(error: unknown, config: Config, setting: "PORT" | "WORKER_PORT"): unknown {
  const { HOST, [setting]: port } = config;
  const taken = `${port} is in use by another program: stop it, or set another port (0 picks a free one)`;
  const { syscall, code = "" } = error as NodeJS.ErrnoException;
  if (syscall !== "listen") return error;
  const problems = {
    EADDRINUSE: { [setting]: [taken] },
    EACCES: { [setting]: [`${port} is reserved for root: set a port above 1023`] },
  }[code] ?? {
    HOST: [
      `${HOST} is not an address of this machine: set one of its addresses, or 0.0.0.0 or :: for all of them`,
    ],
  };
  return new AppError("config_invalid", { problems });
}
