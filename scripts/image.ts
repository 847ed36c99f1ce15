/**
 * Builds and tries the container image without a container engine, in a bare Debian root:
 *
 *   bun scripts/image.ts build    executes each step of the Dockerfile; prints the size of the result
 *   bun scripts/image.ts check    also starts it as its user on a read-only root with the memory that
 *                                 docs/deploy.md states, adds slides, asks a question, makes a backup, stops it,
 *                                 restores the backup into an empty folder and asks again
 *
 * It needs root, debootstrap, mounts and a Debian mirror, and exits with 3 and one line where one is missing. Layers
 * are kept below ~/.cache/lectern/image (900 MB), so only changed steps are executed again.
 */
import { buildImage, imageMegabytes, whyImpossible } from "./image/build";
import { checkImage } from "./image/check";

const impossible = await whyImpossible();
if (impossible) {
  console.error(`image: not built: ${impossible}`);
  process.exit(3);
}
const command = Bun.argv[2] ?? "check";
if (!["build", "check"].includes(command)) {
  console.error("Usage: bun scripts/image.ts build|check");
  process.exit(2);
}
const image = await buildImage();
console.log(`image: ${await imageMegabytes(image)} MB`);
if (command === "check") await checkImage(image, (line) => console.log(`image: ${line}`));
