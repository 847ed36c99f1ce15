import { constants, cpSync } from "node:fs";
import { Backend } from "./backend";
import { keepWalShort } from "./checkpoints";
import { Gateway } from "./gateway";
import { closePGlite, openPGlite } from "./pglite";
import { SyncedFS } from "./synced-fs";

/** The commands of the thread that starts this one. */
export type Command =
  | { type: "start"; dataDir: string | null; from?: Blob; idleLimitSeconds: number }
  | { type: "snapshot" }
  | { type: "copy"; folder: string }
  | { type: "close" };

/** The reports of this thread, one for each command. */
export type WorkerReport =
  | { type: "ready"; port: number }
  | { type: "snapshot"; data: Blob }
  | { type: "copied" }
  | { type: "closed" }
  | {
      type: "failed";
      reason: string;
      /** Of the system, such as ENOSPC. */
      code?: string | undefined;
    };

declare const self: Worker;

type Started = {
  backend: Backend;
  gateway: Gateway;
  dataDir: string | null;
  stopCheckpoints: () => void;
};

let started: Started | null = null;

self.onmessage = async ({ data: command }: MessageEvent<Command>) => {
  try {
    self.postMessage(await obey(command));
  } catch (error) {
    self.postMessage({
      type: "failed",
      reason: error instanceof Error ? error.message : Bun.inspect(error),
      code: (error as NodeJS.ErrnoException)?.code,
    } satisfies WorkerReport);
  }
};

async function obey(command: Command): Promise<WorkerReport> {
  if (command.type === "start") {
    started = await start(command);
    return { type: "ready", port: started.gateway.port };
  }
  if (!started) return { type: "closed" }; // a start that failed has nothing to close
  const { backend, gateway, dataDir, stopCheckpoints } = started;
  if (command.type === "snapshot") return { type: "snapshot", data: await snapshot(backend) };
  if (command.type === "copy") {
    await copyFolder(backend, dataDir!, command.folder);
    return { type: "copied" };
  }

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
  return { backend, gateway, dataDir, stopCheckpoints: dataDir ? keepWalShort(backend) : () => {} };
}

/** Copies the folder between two transactions. A file system with copy-on-write shares the blocks. */
function copyFolder(backend: Backend, from: string, to: string): Promise<void> {
  return backend.between(async (pglite) => {
    await pglite.exec("checkpoint");
    cpSync(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
  });
}

function snapshot(backend: Backend): Promise<Blob> {
  return backend.between(async (pglite) => {
    await pglite.exec("checkpoint");
    return await pglite.dumpDataDir("none");
  });
}
