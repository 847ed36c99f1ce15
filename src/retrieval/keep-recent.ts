/** Sets an entry as the most recently used one, and deletes the least recently used ones above a number. */
export function keepRecent<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  // A map keeps the order of insertion.
  map.delete(key);
  map.set(key, value);
  while (map.size > most) map.delete(map.keys().next().value!);
}
