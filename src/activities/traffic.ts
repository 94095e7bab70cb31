import type { TrafficInput } from '../contract/capabilities/traffic';
import type { CapabilityOf } from '../drivers/host';
import type { Hands } from '.';
import { beating } from './supervise';
import { within } from './within';

type Traffic = CapabilityOf<'traffic'>;
type Answer<N extends keyof Traffic> = Awaited<ReturnType<Traffic[N]>>;
type At = { host: string };

/** A change in a kernel takes about a millisecond: a host that has not answered by then is gone, or starved. */
const kernelMs = 1_000;

export const trafficActivities = ({ agent }: Hands) => ({
  /** Changes a route only if its epoch is the expected one. */
  async closeRoute({ host, ...order }: TrafficInput<'close'> & At): Promise<Answer<'close'>> {
    return within(kernelMs, host, agent(host).traffic.close(order));
  },

  async openRoute({ host, ...order }: TrafficInput<'open'> & At): Promise<Answer<'open'>> {
    return within(kernelMs, host, agent(host).traffic.open(order));
  },

  /** Resets the connections that still wait for an address which no longer answers. */
  async freeClients({ host, ...order }: TrafficInput<'free'> & At): Promise<Answer<'free'>> {
    return beating(host, 'Free waiting clients', () => agent(host).traffic.free(order));
  },

  async pausePooler({ host, ...order }: TrafficInput<'pause'> & At): Promise<Answer<'pause'>> {
    return beating(host, 'Pause its pooler', () => agent(host).traffic.pause(order));
  },

  async resumePooler({ host, ...order }: TrafficInput<'resume'> & At): Promise<Answer<'resume'>> {
    return beating(host, 'Resume its pooler', () => agent(host).traffic.resume(order));
  },

  /** What the DNS name of an endpoint says. */
  async resolveEndpoint({ host, endpoint }: TrafficInput<'resolve'> & At): Promise<Answer<'resolve'>> {
    return beating(host, `Resolve ${endpoint}`, () => agent(host).traffic.resolve({ endpoint }));
  },

  /** Lets a forwarder join the DNS name, or leave it. */
  async announceForwarder({ host, ...order }: TrafficInput<'announce'> & At): Promise<Answer<'announce'>> {
    return beating(host, 'Tell the DNS server', () => agent(host).traffic.announce(order));
  },

  async lookAtHolders({ host, pair }: TrafficInput<'holders'> & At): Promise<Answer<'holders'>> {
    return within(kernelMs, host, agent(host).traffic.holders({ pair }));
  },

  async takeAddress({ host, ...order }: TrafficInput<'take'> & At): Promise<Answer<'take'>> {
    return within(kernelMs, host, agent(host).traffic.take(order));
  },

  async releaseAddress({ host, ...order }: TrafficInput<'release'> & At): Promise<Answer<'release'>> {
    return within(kernelMs, host, agent(host).traffic.release(order));
  },

  /** Starts the proxy of a node if it does not answer. */
  async startProxy({ host, ...order }: TrafficInput<'startProxy'> & At): Promise<Answer<'startProxy'>> {
    return beating(host, 'Start its proxy', () => agent(host).traffic.startProxy(order));
  },
});
