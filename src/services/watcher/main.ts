import { setPriority } from 'node:os';
import { Lag } from './lag';
import { Post } from './post';
import { Processes } from './processes';
import { beatMs, type FromWatcher, type Sights, type Thing, type ToWatcher, type Wrote } from './protocol';

/**
 * The watcher: the one child process of an agent that sees what answers. It has an event loop of its own, and a priority
 * above all that it watches, since an observer that is late sees the dead everywhere. It lives as long as its agent's channel.
 */
const priority = -10;

/** An agent that is gone hears nothing; `disconnect` follows, and ends us. */
const say = (message: FromWatcher): void => void process.send?.(message, undefined, undefined, () => undefined);

const posts: Post[] = [];
const lag = new Lag();

process.once('disconnect', () => process.exit(0));
process.on('message', (message: ToWatcher) => {
  if ('start' in message) start(message.start.observer, message.start.things);
  else renew(message);
});

function start(observer: string, things: Thing[]): void {
  raisePriority();
  lag.start();
  const processes = new Processes(stop);
  for (const thing of things) posts.push(new Post(thing, observer, lag, processes, say));
  setInterval(beat, beatMs);
}

function raisePriority(): void {
  try {
    setPriority(priority);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    say({ log: 'the watcher runs at ordinary priority: on a busy host it sees less', facts: { why } });
  }
}

/** The next connection is made with it. */
function renew({ target, name, password }: Exclude<ToWatcher, { start: unknown }>): void {
  for (const { thing } of posts) if (thing.target === target && thing.name === name) thing.password = password;
}

function beat(): void {
  const sights: Record<string, Sights> = {};
  const wrote: Record<string, Wrote> = {};
  for (const post of posts) {
    const { thing, sight } = post;
    if (sight) (sights[thing.target] ??= {})[thing.name] = sight;
    const moments = post.takeWrote();
    if (moments.length > 0) (wrote[thing.target] ??= {})[thing.name] = moments;
  }
  say({ beat: sights, wrote, atMs: Date.now(), starvedMs: Math.round(lag.worst()) });
}

function stop(error: unknown): void {
  say({ log: 'the watcher cannot go on', facts: { why: String(error) } });
  process.exit(1);
}
