import { readdir, readFile, readlink } from "node:fs/promises";

/** The process on this machine that a TCP connection belongs to, by the port of its end; null if it ended. */
export async function processOfPort(port: number): Promise<number | null> {
  const inode = await inodeOfPort(port);
  if (inode === null) return null;
  const socket = `socket:[${inode}]`;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const handles = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const handle of handles) {
      const target = await readlink(`/proc/${pid}/fd/${handle}`).catch(() => "");
      if (target === socket) return Number(pid);
    }
  }
  return null;
}

async function inodeOfPort(port: number): Promise<string | null> {
  const address = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const file of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const lines = (await readFile(file, "utf8").catch(() => "")).split("\n").slice(1);
    for (const line of lines) {
      const [, local, , , , , , , , inode] = line.trim().split(/\s+/);
      if (local?.endsWith(address) && inode !== "0") return inode ?? null;
    }
  }
  return null;
}
