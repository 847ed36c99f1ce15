/** Decimal digits are in runs of ten that begin at a code point ending in 0 or 6. */
export function toAsciiDigit(digit: string): string {
  const code = digit.codePointAt(0)!;
  const low = code & 0xf;
  const beginsAtZero = low < 6 || /\p{Nd}/u.test(String.fromCodePoint(code - low));
  return String(beginsAtZero ? low : low - 6);
}
