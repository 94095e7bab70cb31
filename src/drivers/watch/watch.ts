import { Refusal } from '../../contract/errors';
import type { CapabilityOf, Host, Running } from '../host';
import { Acquaintance } from './acquaintance';
import { armed } from './armed';
import { ArmedBook } from './armedBook';
import { ArmedFailovers } from './armedFailovers';
import { DeedBook } from './deedBook';
import { askProxy } from './askProxy';
import { Homecomings } from './homecoming';
import { powerOff } from './powerOff';
import { Takeovers } from './takeover';
import { watchedBy } from './things';
import { Track } from './track';
import { Views } from './views';
import { WatcherProcess } from './watcherProcess';
import { write } from './write';

type Watch = CapabilityOf<'watch'>;

/** What this host watches, from now on until it is stopped; and what it does by itself: for its pairs of proxies, and where a plan is armed for endpoints. */
export function watch(host: Host): Running<Watch> & { readonly pid: number | undefined } {
  const { name: observer, zone } = host;
  const watched = watchedBy(host);
  const views = new Views(
    { observer, ...(zone !== undefined && { zone }) },
    new Set(watched.map(({ thing }) => thing.target)),
  );
  const track = new Track();
  const book = new DeedBook(host.stateDir);
  const acquaintance = new Acquaintance(host);
  const takeovers = new Takeovers(host, book, acquaintance);
  const homecomings = new Homecomings(host, book, acquaintance);
  const plans = new ArmedBook(host.stateDir);
  const seen = (target: string) => views.now(target);
  const failovers = new ArmedFailovers(host, plans, book, seen);
  const consider = (target: string) => {
    const endpoint = host.endpoints[target];
    if (endpoint) failovers.consider(target, endpoint);
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
      track.keep(message.wrote, message.atMs);
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
    track: async ({ target, fromMs, toMs }) => {
      refuseUnknown(target);
      return { wrote: track.between(target, fromMs, toMs) };
    },
    write: async (input) => {
      const { target } = input;
      const [endpoint, pair] = [host.endpoints[target], host.proxies[target]];
      if (endpoint) return write(host, endpoint, input);
      if (pair) return askProxy(pair, input);
      throw new Refusal('NoPart', { host: observer, part: 'member, forwarder, observer or node', name: target });
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
    ...armed(host, plans, seen),
  };
  const letGo = () => {
    views.close();
    book.close();
  };
  watcher.start();
  acquaintance.start();
  return {
    driver,
    get pid() {
      return watcher.pid; // of the watcher
    },
    letGo,
    stop: async () => {
      letGo();
      acquaintance.stop();
      await watcher.stop();
      await Promise.all([takeovers.stop(), failovers.stop()]);
    },
  };
}
