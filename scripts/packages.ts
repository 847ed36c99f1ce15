/** The npm packages that users of the product get, as `node_modules` has them. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const PROJECT = join(import.meta.dir, "..");

export type Package = {
  name: string;
  version: string;
  /** An SPDX expression. */
  licence: string;
  /** In the server's `node_modules`, or in the scripts of the page. */
  where: "server" | "page";
};

type Manifest = {
  name: string;
  version: string;
  license?: string | { type: string };
  licenses?: { type: string }[];
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
};

/** Packages that the page imports; its bundle has them and all they need. */
async function pagePackages(): Promise<string[]> {
  const names = new Set<string>();
  for await (const path of new Bun.Glob("web/**/*.{ts,tsx}").scan(PROJECT)) {
    const text = await Bun.file(join(PROJECT, path)).text();
    for (const [, name] of text.matchAll(/from "((?:@[\w-]+\/)?[\w-][\w.-]*)/g)) names.add(name!);
  }
  names.delete("@lectern/client");
  return [...names].filter((name) => existsSync(join(PROJECT, "node_modules", name)));
}

/** Compiled code of another package, which the list has. */
const ONE_PLATFORM = /-(?:linux|darwin|win32|android|freebsd)-/;

/** Every production package and every package of the page, each once, by name. */
export async function listPackages(): Promise<Package[]> {
  const project = await readManifest(join(PROJECT, "package.json"));
  const found = new Map<string, Package>();
  await collect(Object.keys(project.dependencies ?? {}), PROJECT, "server", found);
  await collect(await pagePackages(), PROJECT, "page", found);
  return [...found.values()].sort((a, b) =>
    `${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1,
  );
}

async function collect(
  names: string[],
  from: string,
  where: Package["where"],
  found: Map<string, Package>,
): Promise<void> {
  for (const name of names) {
    const path = resolveManifest(name, from);
    if (!path || ONE_PLATFORM.test(name)) continue;
    const manifest = await readManifest(path);
    const key = `${manifest.name}@${manifest.version}`;
    if (found.has(key)) continue;
    found.set(key, {
      name: manifest.name,
      version: manifest.version,
      licence: licenceOf(manifest),
      where,
    });
    await collect(neededBy(manifest), dirname(path), where, found);
  }
}

function neededBy(manifest: Manifest): string[] {
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = manifest;
  const peers = Object.keys(peerDependencies ?? {}).filter(
    (name) => !peerDependenciesMeta?.[name]?.optional,
  );
  return [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers];
}

/** The nearest copy, as Node.js resolves it. */
function resolveManifest(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, "node_modules", name, "package.json");
    if (existsSync(path)) return path;
    if (folder === PROJECT || folder === dirname(folder)) return undefined;
  }
}

const readManifest = (path: string): Promise<Manifest> => Bun.file(path).json();

function licenceOf({ license, licenses }: Manifest): string {
  const named = typeof license === "string" ? license : license?.type;
  return named ?? licenses?.map(({ type }) => type).join(" OR ") ?? "unknown";
}
