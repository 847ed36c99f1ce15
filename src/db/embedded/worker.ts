import { Backend } from "./backend";
import { keepWalShort } from "./checkpoints";
import { Gateway } from "./gateway";
import { closePGlite, openPGlite } from "./pglite";
import { SyncedFS } from "./synced-fs";

/** The commands of the thread that starts this one. */
export type Command =
  | { type: "start"; dataDir: string | null; from?: Blob; idleLimitSeconds: number }
  | { type: "snapshot" }
  | { type: "close" };

/** The reports of this thread, one for each command. */
export type WorkerReport =
  | { type: "ready"; port: number }
  | { type: "snapshot"; data: Blob }
  | { type: "closed" }
  | { type: "failed"; reason: string };

declare const self: Worker;

type Started = { backend: Backend; gateway: Gateway; stopCheckpoints: () => void };

let started: Started | null = null;

self.onmessage = async ({ data: command }: MessageEvent<Command>) => {
  try {
    self.postMessage(await obey(command));
  } catch (error) {
    self.postMessage({
      type: "failed",
      reason: error instanceof Error ? error.message : Bun.inspect(error),
    } satisfies WorkerReport);
  }
};

async function obey(command: Command): Promise<WorkerReport> {
  if (command.type === "start") {
    started = await start(command);
    return { type: "ready", port: started.gateway.port };
  }
  if (!started) return { type: "closed" }; // a start that failed has nothing to close
  const { backend, gateway, stopCheckpoints } = started;
  if (command.type === "snapshot") return { type: "snapshot", data: await snapshot(backend) };

  stopCheckpoints();
  await gateway.close();
  await backend.between(closePGlite);
  return { type: "closed" };
}

async function start({
  dataDir,
  from,
  idleLimitSeconds,
}: Command & { type: "start" }): Promise<Started> {
  const backend = new Backend(await openPGlite(dataDir ? new SyncedFS(dataDir) : null, from));
  const gateway = await Gateway.open(backend, idleLimitSeconds);
  return { backend, gateway, stopCheckpoints: dataDir ? keepWalShort(backend) : () => {} };
}

function snapshot(backend: Backend): Promise<Blob> {
  return backend.between(async (pglite) => {
    await pglite.exec("checkpoint");
    return await pglite.dumpDataDir("none");
  });
}
