import { closeSync, fsyncSync, openSync } from "node:fs";
import { NodeFS } from "@electric-sql/pglite/nodefs";

/** The parts of Emscripten's NODEFS that `fsync` needs; a directory's stream has no descriptor. */
type NodeStream = { nfd?: number; node: unknown };
type NodeFileSystem = {
  realPath(node: unknown): string;
  stream_ops: { fsync?: (stream: NodeStream) => number };
};
type Module = { NODEFS: NodeFileSystem };

/**
 * A folder on disk with a real `fsync`, so that a commit survives a power failure.
 *
 * Emscripten's NODEFS has no `fsync`, so a sync in WebAssembly has no effect and reports no error. The
 * system call asks the stream for one, so it can be supplied. `fdatasync` cannot: run PostgreSQL
 * with `wal_sync_method=fsync`.
 */
export class SyncedFS extends NodeFS {
  override async init(
    ...[pglite, options]: Parameters<NodeFS["init"]>
  ): ReturnType<NodeFS["init"]> {
    const { emscriptenOpts } = await super.init(pglite, options);
    const preRun = emscriptenOpts.preRun as ((module: Module) => void)[];
    const supply = (module: Module) => supplyFsync(module.NODEFS);
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [supply, ...preRun] as never } };
  }
}

function supplyFsync(fileSystem: NodeFileSystem): void {
  fileSystem.stream_ops.fsync = ({ nfd, node }) => {
    if (nfd === undefined) syncFolder(fileSystem.realPath(node));
    else fsyncSync(nfd);
    return 0;
  };
}

/** Makes the names in a folder durable: new files, renames and removals. */
export function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
