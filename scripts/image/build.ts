import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, rename, rm, statfs } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { $, Glob } from "bun";
import {
  type DockerInstruction,
  execForm,
  isInContext,
  keyValues,
  parseDockerfile,
} from "./dockerfile";

const PROJECT = join(import.meta.dir, "../..");
export const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "lectern/image");
const SUITE = "trixie";

/** A folder with the files that one step added, below those of its parents. The first is the oldest. */
type Layers = string[];

export type BuiltImage = {
  layers: Layers;
  env: Record<string, string>;
  user: string;
  workdir: string;
  entrypoint: string[];
  command: string[];
  health: string[];
};

/** A build needs 1.4 GB at its peak. */
const ROOM_BYTES = 2e9;
/** Maximum wait for the first answer of the Debian mirror. */
const MIRROR_MS = 10_000;

/** Why this machine cannot build the image; null if it can. */
export async function whyImpossible(): Promise<string | null> {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid?.() !== 0) return "this is not root";
  for (const program of ["debootstrap", "unshare", "chroot"]) {
    if (!Bun.which(program)) return `${program} is not installed`;
  }
  await mkdir(CACHE, { recursive: true });
  const { bavail, bsize } = await statfs(CACHE);
  if (bavail * bsize < ROOM_BYTES) return `${CACHE} has less than 2 GB of free space`;
  if (!(await canMountLayers())) return "devices or overlay mounts are not permitted";
  const mirror = await debianMirror();
  return (await hasSuite(mirror)) ? null : `${mirror} has no ${SUITE} or does not answer`;
}

/** Tries what a build does: a device, as debootstrap makes them, and a mount of layers in the cache. */
async function canMountLayers(): Promise<boolean> {
  const probe = await mkdtemp(join(CACHE, "probe-"));
  const script = `cd ${$.escape(probe)} && mkdir lower upper work root && mknod lower/null c 1 3 && : >lower/null &&
    mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work root && : >root/file`;
  const tried = Bun.spawnSync(["unshare", "--mount", "sh", "-c", script]);
  await rm(probe, { recursive: true, force: true });
  return tried.success;
}

const debianMirror = async () => (await $`${join(PROJECT, "scripts/debian-mirror")}`.text()).trim();

async function hasSuite(mirror: string): Promise<boolean> {
  const url = new URL(`${mirror.replace(/\/$/, "")}/dists/${SUITE}/InRelease`);
  if (url.protocol === "file:") return Bun.file(url).exists();
  return fetch(url, { method: "HEAD", signal: AbortSignal.timeout(MIRROR_MS) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Executes the Dockerfile of the project. Unchanged steps come from the cache. */
export async function buildImage(): Promise<BuiltImage> {
  const source = await Bun.file(join(PROJECT, "Dockerfile")).text();
  const stages = new Map<string, BuiltImage>();
  let last: BuiltImage | undefined;
  for (const { name, from, instructions } of parseDockerfile(source)) {
    const parent = stages.get(from) ?? (await baseImage());
    last = { ...parent, env: { ...parent.env } };
    for (const instruction of instructions) await execute(last, instruction, stages);
    stages.set(name, last);
  }
  await removeOtherLayers([...stages.values()].flatMap(({ layers }) => layers));
  return last!;
}

/** The base image of the Dockerfile: a slim Debian with this Bun and the user `bun`. */
async function baseImage(): Promise<BuiltImage> {
  const bun = await Bun.file(process.execPath).stat();
  const layer = await keepLayer(`base ${SUITE} ${Bun.version} ${bun.size}`, async (folder) => {
    const mirror = await debianMirror();
    const include = "--include=ca-certificates";
    await $`debootstrap --variant=minbase ${include} ${SUITE} ${folder} ${mirror}`.quiet();
    await $`rm -rf ${folder}/var/lib/apt/lists ${folder}/var/cache/apt`;
    await $`rm -rf ${folder}/usr/share/doc ${folder}/usr/share/man ${folder}/usr/share/locale`;
    await $`mkdir -p ${folder}/var/lib/apt/lists/partial ${folder}/var/cache/apt/archives/partial`;
    await $`install -m 755 ${process.execPath} ${folder}/usr/local/bin/bun`;
    await $`chroot ${folder} groupadd --gid 1000 bun`;
    await $`chroot ${folder} useradd --uid 1000 --gid bun --shell /bin/sh --create-home bun`;
  });
  const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return {
    layers: [layer],
    env: { PATH },
    user: "0:0",
    workdir: "/",
    entrypoint: [],
    command: [],
    health: [],
  };
}

async function execute(
  image: BuiltImage,
  { keyword, flags, text }: DockerInstruction,
  stages: Map<string, BuiltImage>,
): Promise<void> {
  const parents = image.layers.join(" ");
  switch (keyword) {
    case "RUN": {
      const key = `${parents} RUN ${image.workdir} ${text}`;
      const layer = await keepLayer(key, (folder) => runStep(image, folder, text));
      image.layers = [...image.layers, layer];
      return;
    }
    case "COPY": {
      const words = text.split(/\s+/);
      const target = join(image.workdir, words.pop()!, words.length > 1 ? "/" : "");
      const origin = flags.from ? stages.get(flags.from) : undefined;
      const files = origin ? [] : await filesOfContext(words);
      const content = origin ? origin.layers.join(" ") : await hashOf(files);
      const key = `${parents} COPY ${text} ${image.workdir} ${content}`;
      const layer = await keepLayer(key, async (folder) => {
        if (origin) await withMerged(origin.layers, (root) => copyAll(root, words, folder, target));
        else await copyFiles(words, files, folder, target);
      });
      image.layers = [...image.layers, layer];
      return;
    }
    case "WORKDIR":
      image.workdir = join(image.workdir, text);
      return;
    case "ENV":
      Object.assign(image.env, keyValues(text));
      return;
    case "USER":
      image.user = text;
      return;
    case "ENTRYPOINT":
      image.entrypoint = execForm(text);
      return;
    case "CMD":
      image.command = execForm(text);
      return;
    case "HEALTHCHECK":
      image.health = execForm(text);
      return;
    default:
      return; // ARG, EXPOSE, LABEL and VOLUME change no file
  }
}

/** The folder of a layer, which `fill` makes if it is not in the cache. An interrupted one is never used. */
async function keepLayer(key: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const name = createHash("sha256").update(key).digest("hex").slice(0, 16);
  const layer = join(CACHE, name);
  if (await Bun.file(join(layer, "../", `${name}.done`)).exists()) return layer;
  await rm(layer, { recursive: true, force: true });
  const folder = `${layer}.new`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await fill(folder);
  await rename(folder, layer);
  await Bun.write(join(CACHE, `${name}.done`), "");
  return layer;
}

async function removeOtherLayers(kept: Layers): Promise<void> {
  const names = new Set(kept.map((layer) => layer.slice(CACHE.length + 1)));
  for (const entry of await readdir(CACHE)) {
    if (!names.has(entry.replace(/\.(done|new)$/, ""))) {
      await rm(join(CACHE, entry), { recursive: true, force: true });
    }
  }
}

/** The shell commands that mount layers at `$ROOT`: the newest is on top, as overlayfs wants it. */
export const mountLayers = (layers: Layers, upper?: string) => {
  const lower = [...layers].reverse().join(":");
  const write = upper ? `,upperdir=${upper},workdir=$WORK` : "";
  // One lower folder without an upper one is no overlay, so an empty folder makes it two.
  return `mount -t overlay overlay -o lowerdir=${lower}${write || ":$WORK"} "$ROOT"`;
};

/** A RUN instruction: as root, in a mount namespace of its own, on top of the layers so far. */
async function runStep(image: BuiltImage, upper: string, command: string): Promise<void> {
  const script = `
    ${mountLayers(image.layers, upper)}
    mount -t proc proc "$ROOT/proc" && mount --rbind /dev "$ROOT/dev"
    mount -t tmpfs tmpfs "$ROOT/run"
    cp -L ${HOST_CERTIFICATES} "$ROOT${CERTIFICATES}" 2>/dev/null || :
    exec chroot "$ROOT" sh -c ${$.escape(`cd ${image.workdir} && ${command}`)}`;
  await rootShell(script, {
    ...proxySettings(),
    ...image.env,
    HOME: "/root",
    DEBIAN_FRONTEND: "noninteractive",
    NODE_EXTRA_CA_CERTS: CERTIFICATES,
  });
}

/** In networks that replace certificates, the registries are known to this machine only. */
const HOST_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const CERTIFICATES = "/run/host-certificates.pem";

const proxySettings = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$/i.test(name)),
  ) as Record<string, string>;

/** Calls `use` with a folder that shows all layers, read-only. */
async function withMerged(layers: Layers, use: (root: string) => Promise<void>): Promise<void> {
  const place = await openPlace();
  try {
    await $`sh -c ${`ROOT=${place.root} WORK=${place.work}; ${mountLayers(layers)}`}`.quiet();
    await use(place.root);
  } finally {
    await $`umount ${place.root}`.quiet().nothrow();
    await place.close();
  }
}

/** Folders for one mount of layers: `root` to mount them at, `work` for overlayfs. */
export async function openPlace() {
  await mkdir(CACHE, { recursive: true });
  // The work folder of an overlay must be on the disk of its upper folder.
  const work = await mkdtemp(join(CACHE, "work-"));
  const root = await mkdtemp(join(tmpdir(), "lectern-image-"));
  // With `env`, because the `rm` of Bun's shell does not have this option, and removes nothing.
  const close = () => $`env rm -rf --one-file-system ${work} ${root}`.quiet().nothrow();
  return { root, work, close };
}

/** Runs a script as root in namespaces of its own, which end with it. */
async function rootShell(script: string, env: Record<string, string>): Promise<void> {
  const place = await openPlace();
  const child = Bun.spawn(
    ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", script],
    {
      env: { ...env, ROOT: place.root, WORK: place.work },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const output = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  const code = await child.exited;
  await place.close();
  if (code === 0) return;
  const end = output.join("").split("\n").slice(-15).join("\n");
  throw new Error(`exit code ${code}: ${script}\n${end}`);
}

/** All files below the sources that `.dockerignore` lets in. */
async function filesOfContext(sources: string[]): Promise<string[]> {
  const ignored = await Bun.file(join(PROJECT, ".dockerignore")).text();
  const files: string[] = [];
  for (const source of sources) {
    const found = (await Bun.file(join(PROJECT, source)).exists())
      ? [source]
      : await Array.fromAsync(new Glob(`${source}/**`).scan({ cwd: PROJECT, dot: true }));
    const allowed = found.filter((path) => isInContext(ignored, path));
    if (allowed.length === 0) throw new Error(`COPY ${source}: not found, or in .dockerignore`);
    files.push(...allowed);
  }
  return files.sort();
}

async function hashOf(files: string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of files) {
    const file = Bun.file(join(PROJECT, path));
    hash.update(`${path} ${(await file.stat()).mode & 0o777} `).update(await file.bytes());
  }
  return hash.digest("hex");
}

/** A folder copies its content, as COPY does. */
async function copyFiles(sources: string[], files: string[], folder: string, target: string) {
  for (const source of sources) {
    for (const path of files) {
      if (path !== source && !path.startsWith(`${source}/`)) continue;
      const name =
        path === source
          ? target.endsWith("/")
            ? path.split("/").at(-1)!
            : ""
          : path.slice(source.length);
      const destination = join(folder, target, name);
      await mkdir(dirname(destination), { recursive: true });
      await cp(join(PROJECT, path), destination, { preserveTimestamps: true });
    }
  }
}

async function copyAll(root: string, sources: string[], folder: string, target: string) {
  for (const source of sources) {
    await mkdir(dirname(join(folder, target)), { recursive: true });
    await $`cp -a ${join(root, source)} ${join(folder, target)}`;
  }
}

/** The size of the image in MB (10^6 bytes), as a container engine counts it. */
export async function imageMegabytes({ layers }: BuiltImage): Promise<number> {
  let bytes = 0;
  await withMerged(layers, async (root) => {
    const used =
      await $`du --summarize --apparent-size --block-size=1 --one-file-system ${root}`.text();
    bytes = Number.parseInt(used, 10);
  });
  return Math.round(bytes / 1e6);
}
