import { Refusal } from '../../contract/errors';
import type { CapabilityOf, Host, Running } from '../host';
import { armed } from './armed';
import { DeedBook } from './deedBook';
import { Homecomings } from './homecoming';
import { powerOff } from './powerOff';
import { Takeovers } from './takeover';
import { watchedBy } from './things';
import { Views } from './views';
import { WatcherProcess } from './watcherProcess';
import { write } from './write';

type Watch = CapabilityOf<'watch'>;

/** What this host watches, from now on until it is stopped; and for its pairs of proxies, what it does by itself. */
export function watch(host: Host): Running<Watch> & { readonly pid: number | undefined } {
  const { name: observer, zone } = host;
  const watched = watchedBy(host);
  const views = new Views(
    { observer, ...(zone !== undefined && { zone }) },
    new Set(watched.map(({ thing }) => thing.target)),
  );
  const book = new DeedBook(host.stateDir);
  const takeovers = new Takeovers(host, book);
  const homecomings = new Homecomings(host, book);
  const consider = (target: string) => {
    const pair = host.proxies[target];
    if (!pair) return;
    takeovers.consider(target, pair, views.now(target));
    homecomings.consider(target, pair, views.now(target));
  };
  const watcher = new WatcherProcess(host, watched, (message) => {
    if ('seen' in message) {
      views.changed(message.seen.target, message.seen.name, message.sight);
      consider(message.seen.target);
    } else {
      views.beat(message.beat, message.atMs, message.starvedMs);
      for (const target of Object.keys(message.beat)) consider(target);
    }
  });
  const refuseUnknown = (target: string) => {
    if (!views.has(target)) throw new Refusal('NoPart', { host: observer, part: 'observer', name: target });
  };
  const driver: Watch = {
    look: async ({ target, after, waitMs }) => {
      refuseUnknown(target);
      return views.past(target, after, waitMs);
    },
    write: async (input) => {
      const endpoint = host.endpoints[input.target];
      if (!endpoint)
        throw new Refusal('NoPart', { host: observer, part: 'member, forwarder or observer', name: input.target });
      return write(host, endpoint, input);
    },
    powerOff: async (input) => {
      const endpoint = host.endpoints[input.target];
      if (!endpoint) throw new Refusal('NoPart', { host: observer, part: 'observer', name: input.target });
      return powerOff(host, endpoint, input);
    },
    deeds: async ({ target, after, waitMs }) => {
      refuseUnknown(target);
      return { deeds: await book.past(target, after, waitMs) };
    },
    ...armed,
  };
  const letGo = () => {
    views.close();
    book.close();
  };
  watcher.start();
  return {
    driver,
    get pid() {
      return watcher.pid; // of the watcher
    },
    letGo,
    stop: async () => {
      letGo();
      await watcher.stop();
      await takeovers.stop();
    },
  };
}
