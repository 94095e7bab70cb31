import { Refusal } from '../contract/errors';

/** The answer of a host that may be gone: after the deadline it counts as unreachable, though its answer may still come. */
export async function within<T>(ms: number, host: string, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Refusal('AgentUnreachable', { host, url: 'its address', why: `no answer within ${ms} ms` })),
      ms,
    );
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
