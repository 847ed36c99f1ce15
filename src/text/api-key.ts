import { createHash, randomInt, timingSafeEqual } from "node:crypto";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 8;
/** 43 characters of base 62 have 256 random bits. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const FORMAT = new RegExp(
  `^lk_([${BASE62}]{${ID_LENGTH}})_([${BASE62}]{${SECRET_LENGTH}})_([${BASE62}]{${CHECKSUM_LENGTH}})$`,
);

export type NewApiKey = {
  /** The whole key, which only its holder has. */
  key: string;
  /** The public part that names the key in lists and logs. */
  key_id: string;
  /** SHA-256 of the secret, in hexadecimal. */
  hashed_key: string;
};

/** Makes a random key: `lk_<id>_<secret>_<checksum>`. Secret scanners recognise the prefix. */
export function createApiKey(): NewApiKey {
  const key_id = randomText(ID_LENGTH);
  const secret = randomText(SECRET_LENGTH);
  const body = `lk_${key_id}_${secret}`;
  return { key: `${body}_${checksum(body)}`, key_id, hashed_key: sha256(secret).toString("hex") };
}

/** The parts of a key; null for any other text or a mistyped key. */
export function parseApiKey(key: string): { key_id: string; secret: string } | null {
  const [, key_id, secret, given] = FORMAT.exec(key) ?? [];
  if (!key_id || !secret) return null;
  return checksum(`lk_${key_id}_${secret}`) === given ? { key_id, secret } : null;
}

/** Compares a secret with the hash of a key, in a time that does not depend on where they differ. */
export const matchesHash = (secret: string, hashed_key: string): boolean =>
  timingSafeEqual(sha256(secret), Buffer.from(hashed_key, "hex"));

/** The comparison for a key that does not exist, so that its response takes as long. */
export const matchesNothing = (secret: string): false => {
  timingSafeEqual(sha256(secret), NO_HASH);
  return false;
};
const NO_HASH = Buffer.alloc(32);

export const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

const randomText = (length: number): string =>
  Array.from({ length }, () => BASE62[randomInt(BASE62.length)]).join("");

/** CRC-32 in base 62: it finds typing errors without a query. */
function checksum(text: string): string {
  let rest = Bun.hash.crc32(text);
  let digits = "";
  for (let i = 0; i < CHECKSUM_LENGTH; i += 1) {
    digits = BASE62[rest % BASE62.length] + digits;
    rest = Math.floor(rest / BASE62.length);
  }
  return digits;
}
