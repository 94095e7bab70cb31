import type { Fleet } from '../contract/fleet';
import type { ObjectEntry } from '../contract/objects';
import type { Finding, Path } from './explain';
import { isLoopback } from '../contract/loopback';
import { lies } from './lies';

/** What no single field of an object can tell. */
export function checkObjects(fleet: Fleet): { errors: Finding[]; warnings: Finding[] } {
  const each = (check: (object: ObjectEntry, path: Path, fleet: Fleet) => Finding[]) =>
    Object.entries(fleet.objects).flatMap(([name, object]) => check(object, ['objects', name], fleet));
  return {
    errors: [...each(badSize), ...each(badResize), ...each(badSeries), ...each(outsideRoots)],
    warnings: each(openSecrets),
  };
}

function badSize({ min, max, capacity, targetUse, autonomy, resize }: ObjectEntry, path: Path): Finding[] {
  const findings: Finding[] = [];
  if (min > max) findings.push({ path: [...path, 'min'], says: `${min} is more than max (${max})` });
  if ((capacity === undefined) === (targetUse === undefined))
    findings.push({
      path,
      key: true,
      says: 'give either `capacity` (load that one unit carries) or `targetUse` (the series is the share in use)',
    });
  if (autonomy !== 'forecast' && !resize)
    findings.push({ path: [...path, 'autonomy'], says: `"${autonomy}" needs \`resize\`: what is resized, and how` });
  return findings;
}

function badResize({ min, max, resize }: ObjectEntry, path: Path): Finding[] {
  if (!resize) return [];
  const says = (field: string, text: string): Finding => ({ path: [...path, field], says: text });
  const findings: Finding[] = [];
  const { by } = resize;
  const whole = by === 'pgbouncer' || by === 'haproxy' || (by === 'kubernetes' && resize.what === 'replicas');
  if (whole)
    for (const [field, size] of Object.entries({ min, max }))
      if (!Number.isInteger(size)) findings.push(says(field, `${by} takes whole numbers, found ${size}`));
  if (by === 'haproxy' && resize.what === 'weight') {
    if (max > 256) findings.push(says('max', `a weight of HAProxy is at most 256, found ${max}`));
    if (resize.server === undefined) findings.push(says('resize', 'a weight is that of a `server`: name it'));
  }
  if (by === 'kubernetes' && resize.what !== 'replicas' && resize.container === undefined)
    findings.push(says('resize', `${resize.what} is that of a \`container\`: name it`));
  return findings;
}

function badSeries({ series, step }: ObjectEntry, path: Path): Finding[] {
  if (series.from !== 'prometheus') return [];
  const at = [...path, 'series'];
  const findings: Finding[] = [];
  if (series.bearer && series.user !== undefined)
    findings.push({ path: at, says: 'give either `bearer` or `user` with `password`' });
  if (series.password && series.user === undefined) findings.push({ path: at, says: '`password` needs `user`' });
  if (step < 1_000) findings.push({ path: [...path, 'step'], says: 'Prometheus takes steps of a second and more' });
  return findings;
}

function outsideRoots({ host, series, resize }: ObjectEntry, path: Path, { hosts }: Fleet): Finding[] {
  const named = [
    ...(series.from === 'csv' ? [{ path: [...path, 'series', 'file'], file: series.file }] : []),
    ...(resize?.by === 'cgroup' ? [{ path: [...path, 'resize', 'path'], file: resize.path }] : []),
  ];
  const roots = hosts[host]?.roots;
  if (!roots) return [];
  const known = roots.length > 0 ? roots.join(', ') : 'none';
  return named
    .filter(({ file }) => !roots.some((root) => lies(file, root)))
    .map(({ path: at, file }) => ({ path: at, says: `${file} lies outside the roots of host "${host}" (${known})` }));
}

/** A secret that would travel in the clear, past this machine. */
function openSecrets({ series, resize }: ObjectEntry, path: Path): Finding[] {
  const clear = (url: string) => url.startsWith('http://') && !isLoopback(new URL(url).hostname);
  const says = 'a secret would travel in the clear: use https://';
  const findings: Finding[] = [];
  if (series.from === 'prometheus' && (series.bearer ?? series.password) && clear(series.url))
    findings.push({ path: [...path, 'series', 'url'], says });
  if (resize?.by === 'kubernetes' && resize.token && clear(resize.url))
    findings.push({ path: [...path, 'resize', 'url'], says });
  return findings;
}
