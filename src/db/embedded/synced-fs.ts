import { fsyncSync } from "node:fs";
import { NodeFS } from "@electric-sql/pglite/nodefs";
import { syncFolder } from "./sync-folder";

/** The parts of Emscripten's NODEFS that `fsync` needs; a directory's stream has no descriptor. */
export type NodeStream = { nfd?: number; node: unknown };
export type NodeFileSystem = {
  realPath(node: unknown): string;
  stream_ops: { fsync?: (stream: NodeStream) => number };
};

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
    const preRun = emscriptenOpts.preRun as ((module: { NODEFS: NodeFileSystem }) => void)[];
    const prepare = ({ NODEFS }: { NODEFS: NodeFileSystem }) => this.prepare(NODEFS);
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [prepare, ...preRun] as never } };
  }

  /** Runs before the folder is mounted. */
  protected prepare(fileSystem: NodeFileSystem): void {
    fileSystem.stream_ops.fsync = ({ nfd, node }) => {
      if (nfd === undefined) this.syncFolder(fileSystem.realPath(node));
      else this.syncFile(nfd);
      return 0;
    };
  }

  /** Makes the bytes and the size of an open file durable. */
  protected syncFile(descriptor: number): void {
    fsyncSync(descriptor);
  }

  protected syncFolder(path: string): void {
    syncFolder(path);
  }
}
