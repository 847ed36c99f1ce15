import { afterAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SCRIPT = join(import.meta.dir, "../../scripts/debian-mirror");
const folder = await mkdtemp(join(tmpdir(), "lectern-apt-"));
afterAll(() => rm(folder, { recursive: true }));

const mirrors = join(folder, "mirrors.txt");
await writeFile(mirrors, "# ours\nhttps://list.uni.example/debian/\tpriority:1\n");
const release = /^ID=debian$/m.test(await readFile("/etc/os-release", "utf8").catch(() => ""))
  ? /^VERSION_CODENAME=(.+)$/m.exec(await readFile("/etc/os-release", "utf8"))![1]!
  : null;

const FALLBACK = "http://deb.debian.org/debian/";
const MAIN = "Suites: trixie trixie-updates\nComponents: main\n";
const SIGNED = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg";

/** Sources of a machine whose lists were never loaded, or were removed, as in container images. */
test.skipIf(!Bun.which("apt-get")).each([
  [
    "one line",
    "list",
    "deb http://m.uni.example/debian trixie main",
    "http://m.uni.example/debian/",
  ],
  [
    "one line with options",
    "list",
    `deb [ arch=amd64 ${SIGNED} ] https://m.uni.example/debian/ trixie main contrib`,
    "https://m.uni.example/debian/",
  ],
  [
    "one line after a disk",
    "list",
    "deb cdrom:[Debian GNU/Linux 13]/ trixie main\ndeb http://m.uni.example/debian trixie main",
    "http://m.uni.example/debian/",
  ],
  [
    "one line after other repositories",
    "list",
    "deb https://download.docker.com/linux/debian trixie stable\n" +
      "deb https://apt.grafana.com stable main\n" +
      "deb http://security.debian.org/debian-security trixie-security main\n" +
      "deb http://m.uni.example/pub/debian trixie main",
    "http://m.uni.example/pub/debian/",
  ],
  [
    "deb822",
    "sources",
    `Types: deb\nURIs: http://m.uni.example/debian\n${MAIN}Signed-By: /usr/share/keyrings/x.gpg\n`,
    "http://m.uni.example/debian/",
  ],
  [
    "deb822 with a disabled part",
    "sources",
    `Enabled: no\nTypes: deb\nURIs: http://off.example/debian\n${MAIN}\n` +
      `Types: deb\nURIs: http://m.uni.example/debian\n${MAIN}`,
    "http://m.uni.example/debian/",
  ],
  [
    "a list of mirrors",
    "sources",
    `Types: deb\nURIs: mirror+file:${mirrors}\n${MAIN}`.replace(
      "trixie ",
      `${release ?? "trixie"} `,
    ),
    release ? "https://list.uni.example/debian/" : FALLBACK,
  ],
  [
    "a repository manager",
    "list",
    `deb https://art.uni.example/debian-remote ${release ?? "trixie"} main`,
    release ? "https://art.uni.example/debian-remote/" : FALLBACK,
  ],
  ["Ubuntu", "list", "deb http://archive.ubuntu.com/ubuntu noble main", FALLBACK],
  ["sources only", "list", "deb-src http://m.uni.example/debian trixie main", FALLBACK],
  ["no source", "list", "", FALLBACK],
])("the mirror of %s", async (name, extension, text, mirror) => {
  const parts = join(folder, name.replaceAll(" ", "-"));
  await mkdir(parts);
  await writeFile(join(parts, `x.${extension}`), `${text}\n`);
  await writeFile(
    `${parts}.conf`,
    `Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "${parts}"; Dir::State::lists "${parts}/lists";`,
  );
  const { stdout } = Bun.spawnSync([SCRIPT], {
    env: { ...process.env, APT_CONFIG: `${parts}.conf` },
  });

  expect(stdout.toString()).toBe(`${mirror}\n`);
});
