/** Whoever asks first waits so long for the first look. */
const firstWaitMs = 1_500;

/** Looks again, beside those who ask, when what is known is older than `keptMs`: a host that is silent holds up nobody. */
export function keptLook<T>(look: () => Promise<T>, keptMs: number, nothing: T): () => Promise<T> {
  let known: { seen: T } | { failed: unknown } | undefined;
  let looking: Promise<void> | undefined;
  let lookedAt = -Infinity;
  return async () => {
    if (!looking && Date.now() - lookedAt >= keptMs)
      looking = look()
        .then(
          (seen) => void (known = { seen }),
          (failed: unknown) => void (known = { failed }), // thrown to whoever asks next
        )
        .finally(() => {
          lookedAt = Date.now();
          looking = undefined;
        });
    if (!known && looking) await Promise.race([looking, late()]);
    if (!known) return nothing;
    if ('failed' in known) throw known.failed;
    return known.seen;
  };
}

const late = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, firstWaitMs).unref());
