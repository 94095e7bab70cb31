import type { Host } from '../host';
import { isStandby } from './dataFiles';
import { readMark } from './marks';
import { dataOf, placesOf, type Place } from './place';
import { closePort } from './port';
import { birthOf, kill, postmasterOf, processesOf } from './processes';

export interface Guard {
  stop(): void;
}

/**
 * Sees to it that what is kept down stays down, whoever starts it: a service manager, a person. A server that was started
 * as a standby is harmless and left alone. After a boot the port of what is kept down is closed again.
 */
export function guard(host: Host, everyMs: number): Guard {
  for (const place of placesOf(host).filter(readMark)) {
    closePort(place).then(
      (why) =>
        why !== undefined && host.log('the port of what is kept down is not closed', { endpoint: place.endpoint, why }),
      (error: unknown) => host.log('the port of what is kept down is not closed', { why: String(error) }),
    );
  }
  const failing = new Set<string>();
  const look = () => {
    for (const place of placesOf(host)) {
      try {
        keepDown(place);
        failing.delete(place.endpoint);
      } catch (error) {
        // Nobody else hears of it: it is said once, and tried again.
        if (!failing.has(place.endpoint))
          host.log('cannot be kept down', { endpoint: place.endpoint, why: String(error) });
        failing.add(place.endpoint);
      }
    }
  };
  look();
  const timer = setInterval(look, everyMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

function keepDown(place: Place): void {
  const mark = readMark(place);
  if (!mark) return;
  const data = dataOf(place);
  const postmaster = postmasterOf(data);
  if (postmaster === undefined || isStandby(data)) return;
  const { spares } = mark;
  if (spares && spares.pid === postmaster && spares.birth === birthOf(postmaster)) return;
  const pids = [postmaster, ...processesOf(data).filter((pid) => pid !== postmaster)];
  for (const pid of pids) kill(pid, 'SIGKILL');
  place.host.log('somebody started what is kept down: it was killed again', {
    ...{ endpoint: place.endpoint, member: place.name, epoch: mark.epoch, killed: pids.length },
  });
}
