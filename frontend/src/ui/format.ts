/** Numbers, times and sizes as the pages write them. */
const NOTHING = "–";
const counts = new Intl.NumberFormat("en");
const days = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** Five decimals: what leaderboards are decided by. */
export function formatScore(value: number | null | undefined, decimals = 5): string {
  return value === null || value === undefined ? NOTHING : value.toFixed(decimals);
}

/** A difference, with its sign. */
export function formatGap(value: number, decimals = 5): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(decimals)}`;
}

/** A size that may be tiny: five decimals, or two digits where those would say nothing. */
export function formatSmall(value: number): string {
  return value === 0 || Math.abs(value) >= 5e-5 ? value.toFixed(5) : value.toExponential(1);
}

export function formatCount(value: number): string {
  return counts.format(value);
}

/** "1 row", "3 rows". */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1 << 20) return `${(bytes / 1024).toFixed(0)} kB`;
  return `${(bytes / (1 << 20)).toFixed(1)} MB`;
}

export function formatDate(iso: string): string {
  return days.format(new Date(iso));
}

/** A length of time in its two largest units: "3 d 4 h", "12 min". */
export function formatSpan(milliseconds: number): string {
  const minutes = Math.floor(Math.max(0, milliseconds) / 60_000);
  if (minutes < 1) return "under a minute";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${Math.floor(hours / 24)} d`;
}

/** How long ago, in one unit. */
export function formatAge(iso: string, now: number): string {
  const minutes = Math.floor((now - Date.parse(iso)) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return `${Math.floor(minutes / 1440)} d ago`;
}

export function shortDigest(digest: string): string {
  return digest.slice(0, 10);
}

/** `f_beta_samples_score` and {beta: 2} as people say it. */
export function formatMetric(metric: string, options: Record<string, unknown> = {}): string {
  const told = Object.entries(options).map(([name, value]) => `${name} ${String(value)}`);
  const words = metric.replace(/_(score|loss)$/, metric.endsWith("log_loss") ? " loss" : "").replaceAll("_", " ");
  return told.length ? `${words} (${told.join(", ")})` : words;
}
