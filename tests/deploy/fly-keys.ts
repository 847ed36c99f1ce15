/**
 * The keys that flyctl reads from fly.toml, from its structs in internal/appconfig (config.go, service.go,
 * toplevelcheck.go) and fly-go (machine guests, metrics, concurrency), read in November 2026. It ignores other
 * keys silently.
 */
type FlyKeys = { [key: string]: true | FlyKeys };

const keys = (names: string): FlyKeys =>
  Object.fromEntries(names.split(" ").map((name) => [name, true as const]));

const CHECK = keys(
  "interval timeout grace_period method path protocol tls_skip_verify tls_server_name headers",
);

export const FLY_KEYS: FlyKeys = {
  ...keys(
    "app primary_region kill_signal kill_timeout swap_size_mb console_command host_dedication_id",
  ),
  build: keys("builder args buildpacks image settings builtin dockerfile ignorefile build-target"),
  deploy: keys(
    "strategy max_unavailable wait_timeout release_command release_command_timeout release_command_vm seed_command",
  ),
  env: true,
  processes: true,
  mounts: keys(
    "source destination initial_size snapshot_retention auto_extend_size_threshold auto_extend_size_increment " +
      "auto_extend_size_limit processes",
  ),
  http_service: {
    ...keys(
      "internal_port force_https auto_stop_machines auto_start_machines min_machines_running processes",
    ),
    concurrency: keys("type soft_limit hard_limit"),
    checks: CHECK,
    ...keys("tls_options http_options machine_checks"),
  },
  checks: true,
  metrics: keys("port path https processes"),
  restart: keys("policy retries processes"),
  vm: keys(
    "size memory cpu_kind cpus memory_mb gpus gpu_kind kernel_args host_dedication_id processes",
  ),
};

/** `[checks.NAME]` of fly.toml. */
export const FLY_CHECK: FlyKeys = { ...CHECK, ...keys("port type processes") };

/** The paths of keys that flyctl does not read, such as `mounts.auto_extend`. */
export function findUnknownKeys(value: unknown, known: FlyKeys | true, path = ""): string[] {
  if (known === true || typeof value !== "object" || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((one) => findUnknownKeys(one, known, path));
  return Object.entries(value).flatMap(([key, inner]) => {
    const name = path ? `${path}.${key}` : key;
    const allowed = known[key];
    return allowed === undefined ? [name] : findUnknownKeys(inner, allowed, name);
  });
}
