import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { type NodeFileSystem, type NodeStream, SyncedFS } from "../../src/db/embedded/synced-fs";
import type { Random } from "./random";

const PAGE_BYTES = 4_096;
const SECTOR_BYTES = 512;

type DataChange = { offset: number; bytes: Buffer } | { size: number };
type File = {
  kind: "file";
  /** The durable bytes, in the store. */
  stored: string;
  unsynced: DataChange[];
  parent: Folder;
};
type Folder = {
  kind: "folder";
  durable: Map<string, Inode>;
  current: Map<string, Inode>;
  unsynced: NameChange[];
  parent: Folder | null;
};
type Inode = File | Folder;
/** What a change leaves under each name that it touches; null: nothing. */
type NameChange = { names: Map<string, Inode | null>; created: Inode | null };

/** The functions of NODEFS that change the disk. */
type ChangingFileSystem = NodeFileSystem & {
  node_ops: Record<"mknod" | "setattr" | "rename" | "unlink" | "rmdir" | "symlink", Change>;
  stream_ops: Record<"open" | "setattr" | "write", Change>;
};
// biome-ignore lint/suspicious/noExplicitAny: the arguments of Emscripten's own functions
type Change = (...args: any[]) => any;

/**
 * A disk that forgets: it records every change of a folder since the last `fsync` of the changed file or
 * folder, and builds the folder as a power failure can leave it. Of the changes that are not synced,
 * a random part is kept, in any order:
 *
 * - of a file: each page of 4 KB with the first of its writes, and the next one torn into sectors of 512 bytes;
 *   the size from before or after any change;
 * - of a folder: any of its new names, renames and removals, in order only for the same name.
 *
 * As on ext4, XFS and btrfs, a synced file has its name, too, and a rename happens as a whole or not at all.
 */
export class VolatileDisk {
  /** Changes and syncs so far. */
  changes = 0;
  syncs = 0;
  /** Called after each change and before each sync, before it is reported to the database. */
  onChange: () => void = () => {};
  readonly #root: Folder;
  readonly #store: string;
  readonly #streams = new Map<number, Inode>();
  #files = 0;

  /**
   * @param folder  everything in it is durable
   * @param store  an empty folder for the durable bytes of the files
   */
  constructor(
    readonly folder: string,
    store: string,
  ) {
    this.#store = store;
    this.#root = this.#read(folder, null);
  }

  #read(path: string, parent: Folder | null): Folder {
    const read: Folder = {
      kind: "folder",
      durable: new Map(),
      current: new Map(),
      unsynced: [],
      parent,
    };
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      const inode = entry.isDirectory() ? this.#read(child, read) : this.#newFile(read);
      if (inode.kind === "file") copyFileSync(child, inode.stored);
      read.durable.set(entry.name, inode);
      read.current.set(entry.name, inode);
    }
    return read;
  }

  #newFile(parent: Folder): File {
    return { kind: "file", stored: join(this.#store, String(++this.#files)), unsynced: [], parent };
  }

  #find(path: string): Inode {
    let found: Inode = this.#root;
    for (const name of relative(this.folder, path).split("/").filter(Boolean)) {
      const child: Inode | undefined =
        found.kind === "folder" ? found.current.get(name) : undefined;
      if (!child) throw new Error(`The disk does not know ${path}`);
      found = child;
    }
    return found;
  }

  #folder(path: string): Folder {
    const found = this.#find(path);
    if (found.kind === "file") throw new Error(`${path} is no folder`);
    return found;
  }

  #changed(): void {
    this.changes += 1;
    this.onChange();
  }

  create(path: string, isFolder: boolean): void {
    const parent = this.#folder(dirname(path));
    const created: Inode = isFolder
      ? { kind: "folder", durable: new Map(), current: new Map(), unsynced: [], parent }
      : this.#newFile(parent);
    if (created.kind === "file") writeFileSync(created.stored, "");
    this.#rename(parent, created, new Map([[basename(path), created]]));
  }

  remove(path: string): void {
    this.#rename(this.#folder(dirname(path)), null, new Map([[basename(path), null]]));
  }

  rename(from: string, to: string): void {
    if (dirname(from) !== dirname(to)) throw new Error("Renames between folders are not modelled");
    const moved = this.#find(from);
    const names = new Map<string, Inode | null>([
      [basename(from), null],
      [basename(to), moved],
    ]);
    this.#rename(this.#folder(dirname(from)), null, names);
  }

  #rename(folder: Folder, created: Inode | null, names: Map<string, Inode | null>): void {
    applyNames(folder.current, names);
    folder.unsynced.push({ names, created });
    this.#changed();
  }

  opened(descriptor: number, path: string): void {
    this.#streams.set(descriptor, this.#find(path));
  }

  write(descriptor: number, bytes: Buffer, offset: number): void {
    this.#change(this.#streams.get(descriptor)!, { bytes, offset });
  }

  resize(target: number | string, size: number): void {
    this.#change(typeof target === "number" ? this.#streams.get(target)! : this.#find(target), {
      size,
    });
  }

  #change(inode: Inode, change: DataChange): void {
    if (inode.kind === "folder") throw new Error("A folder has no bytes");
    inode.unsynced.push(change);
    this.#changed();
  }

  /** Makes everything about a file or a folder durable, its own name included. */
  sync(target: number | string): void {
    this.onChange();
    this.syncs += 1;
    const inode = typeof target === "number" ? this.#streams.get(target)! : this.#find(target);
    if (inode.kind === "file") {
      const file = openSync(inode.stored, "r+");
      for (const change of inode.unsynced) applyData(file, change);
      closeSync(file);
    } else for (const { names } of inode.unsynced) applyNames(inode.durable, names);
    inode.unsynced = [];
    this.#syncName(inode);
  }

  /** Keeps the creation of an inode, with the earlier changes of the same names, and that of its folders. */
  #syncName(inode: Inode): void {
    const { parent } = inode;
    if (!parent) return;
    const last = parent.unsynced.findLastIndex(({ created }) => created === inode);
    if (last >= 0) {
      const wanted = new Set<string>();
      const kept = new Set<NameChange>();
      for (const change of parent.unsynced.slice(0, last + 1).reverse()) {
        const touched = [...change.names.keys()];
        if (change.created !== inode && !touched.some((name) => wanted.has(name))) continue;
        for (const name of touched) wanted.add(name);
        kept.add(change);
      }
      for (const change of parent.unsynced)
        if (kept.has(change)) applyNames(parent.durable, change.names);
      parent.unsynced = parent.unsynced.filter((change) => !kept.has(change));
    }
    this.#syncName(parent);
  }

  /** Builds the folder as it can be after a power failure now. */
  failPower(target: string, random: Random): void {
    // From "nothing more was written" to "nearly all was written".
    const share = random.pick([0, 0.1, 0.5, 0.9, 0.99, 1]);
    this.#build(this.#root, target, (probability = share) => random.chance(probability), random);
  }

  #build(folder: Folder, target: string, chance: Chance, random: Random): void {
    mkdirSync(target, { mode: 0o700 });
    for (const [name, inode] of keepNames(folder, chance)) {
      const path = join(target, name);
      if (inode.kind === "folder") this.#build(inode, path, chance, random);
      else {
        copyFileSync(inode.stored, path);
        if (inode.unsynced.length > 0) keepData(path, inode.unsynced, chance, random);
      }
    }
  }
}

type Chance = (probability?: number) => boolean;

function applyNames(entries: Map<string, Inode>, names: NameChange["names"]): void {
  for (const [name, inode] of names) {
    if (inode) entries.set(name, inode);
    else entries.delete(name);
  }
}

function keepNames({ durable, unsynced }: Folder, chance: Chance): Map<string, Inode> {
  const kept = new Map(durable);
  const forgotten = new Set<string>();
  for (const { names } of unsynced) {
    const touched = [...names.keys()];
    if (touched.every((name) => !forgotten.has(name)) && chance()) applyNames(kept, names);
    else for (const name of touched) forgotten.add(name);
  }
  return kept;
}

function applyData(file: number, change: DataChange): void {
  if ("size" in change) ftruncateSync(file, change.size);
  else writeSync(file, change.bytes, 0, change.bytes.length, change.offset);
}

/** Writes a random part of the changes into a file with the durable bytes. */
function keepData(path: string, changes: DataChange[], chance: Chance, random: Random): void {
  const durable = readFileSync(path);
  const sizes = sizesAfter(durable.length, changes);
  const largest = Math.max(...sizes);
  const bytes = Buffer.alloc(largest);
  durable.copy(bytes);
  const earlier = chance() ? random.pick(sizes) : durable.length;
  const size = chance() ? sizes.at(-1)! : earlier;

  const versions = new Map<number, Buffer[]>();
  const latest = Buffer.from(bytes);
  for (const change of changes) {
    const [from, to] =
      "size" in change
        ? [change.size, largest]
        : [change.offset, change.offset + change.bytes.length];
    if ("size" in change) latest.fill(0, Math.min(from, largest));
    else change.bytes.copy(latest, from);
    for (let page = Math.floor(from / PAGE_BYTES); page * PAGE_BYTES < to; page++) {
      const list = versions.get(page) ?? [];
      list.push(Buffer.from(latest.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES)));
      versions.set(page, list);
    }
  }
  for (const [page, list] of versions) {
    const part = chance() ? random.integer(0, list.length - 1) : 0;
    const count = chance() ? list.length : part;
    if (count > 0) list[count - 1]!.copy(bytes, page * PAGE_BYTES);
    const next = list[count];
    for (let at = 0; next && at < next.length; at += SECTOR_BYTES) {
      if (chance()) next.copy(bytes, page * PAGE_BYTES + at, at, at + SECTOR_BYTES);
    }
  }
  writeFileSync(path, bytes.subarray(0, size));
}

function sizesAfter(size: number, changes: DataChange[]): number[] {
  const sizes = [size];
  for (const change of changes) {
    const last = sizes.at(-1)!;
    sizes.push(
      "size" in change ? change.size : Math.max(last, change.offset + change.bytes.length),
    );
  }
  return sizes;
}

/** The product's file system on a disk that forgets. */
export class VolatileFS extends SyncedFS {
  constructor(readonly disk: VolatileDisk) {
    super(disk.folder);
  }

  protected override syncFile(descriptor: number): void {
    this.disk.sync(descriptor);
  }

  protected override syncFolder(path: string): void {
    this.disk.sync(path);
  }

  protected override prepare(fileSystem: NodeFileSystem): void {
    super.prepare(fileSystem);
    const { disk } = this;
    const { node_ops, stream_ops } = fileSystem as ChangingFileSystem;
    const pathOf = (node: unknown) => fileSystem.realPath(node);
    const inside = (node: unknown, name: string) => join(pathOf(node), name);
    const after = (functions: Record<string, Change>, name: string, record: Change) => {
      const change = functions[name]!;
      functions[name] = (...args) => {
        const result = change(...args);
        record(...args);
        return result;
      };
    };

    after(node_ops, "mknod", (parent, name, mode) =>
      disk.create(inside(parent, name), isFolder(mode)),
    );
    after(node_ops, "unlink", (parent, name) => disk.remove(inside(parent, name)));
    after(node_ops, "rmdir", (parent, name) => disk.remove(inside(parent, name)));
    after(node_ops, "setattr", (node, { size }) => {
      if (size !== undefined) disk.resize(pathOf(node), size);
    });
    after(stream_ops, "setattr", ({ nfd }: OpenFile, { size }) => {
      if (size !== undefined) disk.resize(nfd, size);
    });
    after(stream_ops, "open", ({ nfd, node }: NodeStream) => {
      if (nfd !== undefined) disk.opened(nfd, pathOf(node));
    });
    const { rename } = node_ops;
    node_ops.rename = (node, folder, name) => {
      const from = pathOf(node);
      rename(node, folder, name);
      disk.rename(from, inside(folder, name));
    };
    node_ops.symlink = () => {
      throw new Error("Symbolic links are not modelled");
    };
    const { write } = stream_ops;
    stream_ops.write = (stream: OpenFile, heap: Int8Array, from, length, position, ...more) => {
      const written = write(stream, heap, from, length, position, ...more);
      const bytes = new Uint8Array(heap.buffer, heap.byteOffset + from, written);
      disk.write(stream.nfd, Buffer.from(bytes), position);
      return written;
    };
  }
}

type OpenFile = { nfd: number };

const S_IFDIR = 0o040_000;
const isFolder = (mode: number) => (mode & 0o170_000) === S_IFDIR;
