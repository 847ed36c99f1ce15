import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { $ } from "bun";
import { type BuiltImage, mountLayers, openPlace } from "./build";

export type RunningImage = {
  /** The host's id of the container's first process. */
  pid: number;
  url: string;
  /** Standard output and error so far. */
  output(): string;
  /** Runs a command as a container engine's `exec` does; throws if it fails. */
  exec(...command: string[]): Promise<string>;
  /** Runs the command of HEALTHCHECK. */
  health(): Promise<boolean>;
  isRunning(): Promise<boolean>;
  /** Sends SIGTERM and returns the exit code. */
  stop(): Promise<number | null>;
  /** Waits until the command of the container ends by itself, and returns the exit code. */
  wait(): Promise<number | null>;
  /** The most memory that it used, in MB; null where memory cannot be limited. */
  peakMegabytes(): Promise<number | null>;
};

/**
 * Starts the image like `docker run --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges`.
 *
 * @param data an existing folder for /data
 * @param memoryMegabytes the most memory that it may use, with its page cache
 */
export async function startImage(
  image: BuiltImage,
  options: { data: string; env: Record<string, string>; memoryMegabytes?: number },
): Promise<RunningImage> {
  const { data, env, memoryMegabytes } = options;
  const place = await openPlace();
  const group = memoryMegabytes ? await openMemoryGroup(memoryMegabytes) : null;
  const [uid, gid] = image.user.split(":");
  const asUser = [
    ...["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--no-new-privs"],
    ...["--inh-caps=-all", "--bounding-set=-all", "--"],
  ];
  const command = [...asUser, ...image.entrypoint, ...image.command].map($.escape).join(" ");
  const script = `
    ${group ? `echo 0 >${group.folder}/cgroup.procs` : ""}
    ${mountLayers(image.layers)}
    mount -t proc proc "$ROOT/proc" && mount --rbind /dev "$ROOT/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
    chown ${uid}:${gid} ${$.escape(data)} && mount --bind ${$.escape(data)} "$ROOT/data"
    cd / && exec chroot "$ROOT" sh -c ${$.escape(`unset ROOT WORK; cd ${image.workdir} && exec ${command}`)}`;
  const child = Bun.spawn(
    ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", script],
    {
      env: { ...image.env, ...env, ROOT: place.root, WORK: place.work },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) output += decoder.decode(bytes, { stream: true });
  };
  const ended = Promise.all([read(child.stdout), read(child.stderr), child.exited]);
  const pid = await firstChild(child.pid);
  const exec = async (...words: string[]) => {
    const inside = ["nsenter", `--target=${pid}`, "--mount", "--pid", "--root"];
    const inFolder = ["sh", "-c", `cd ${image.workdir} && exec "$@"`, "sh"];
    const done = Bun.spawn([...inside, ...asUser, ...inFolder, ...words], {
      env: { ...image.env, ...env },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err, code] = await Promise.all([
      new Response(done.stdout).text(),
      new Response(done.stderr).text(),
      done.exited,
    ]);
    if (code !== 0) throw new Error(`${words.join(" ")}: exit code ${code}: ${err || out}`);
    return out;
  };
  const wait = async () => {
    await ended;
    await group?.close();
    await place.close();
    return child.exitCode;
  };
  return {
    pid,
    url: `http://127.0.0.1:${env.PORT}`,
    output: () => output,
    exec,
    health: () =>
      exec(...image.health).then(
        () => true,
        () => false,
      ),
    isRunning: async () => child.exitCode === null,
    stop: async () => {
      try {
        process.kill(pid, "SIGTERM");
      } catch {} // it has ended already
      return wait();
    },
    wait,
    peakMegabytes: async () => (group ? group.peak() : null),
  };
}

async function firstChild(parent: number): Promise<number> {
  for (let tries = 0; tries < 500; tries += 1) {
    const children = await Bun.file(`/proc/${parent}/task/${parent}/children`).text();
    if (children.trim() !== "") return Number.parseInt(children, 10);
    await Bun.sleep(10);
  }
  throw new Error("the container did not start");
}

/** A control group that limits memory; null where the system offers none. */
async function openMemoryGroup(megabytes: number) {
  const bytes = String(megabytes * 1024 * 1024);
  const name = `lectern-image-${process.pid}-${Date.now()}`;
  const versions = [
    {
      root: "/sys/fs/cgroup/memory",
      limit: "memory.limit_in_bytes",
      peak: "memory.max_usage_in_bytes",
    },
    { root: "/sys/fs/cgroup", limit: "memory.max", peak: "memory.peak" },
  ];
  for (const { root, limit, peak } of versions) {
    const folder = join(root, name);
    try {
      await mkdir(folder);
      await Bun.write(join(folder, limit), bytes);
    } catch {
      await $`rmdir ${folder}`.quiet().nothrow();
      continue;
    }
    return {
      folder,
      peak: async () =>
        Math.round(Number.parseInt(await Bun.file(join(folder, peak)).text(), 10) / 1024 / 1024),
      close: () => $`rmdir ${folder}`.quiet().nothrow(),
    };
  }
  return null;
}
