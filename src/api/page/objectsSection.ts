import { createHash } from 'node:crypto';
import { formatSize } from '../../contract/amounts';
import type { LoadPicture } from '../../planning/picture/loadPicture';
import { loadPlot } from '../../planning/picture/loadPlot';
import type { ObjectView } from '../objectView';
import { html, Html } from './html';
import type { Section } from './sections';
import { ago, fact } from './words';

/** What has its load forecast. Not there in a fleet without objects. */
export const objectsSection: Section = {
  id: 'objects',
  title: 'Objects',
  fragments: ({ objects, at }) => objects.map((each) => ({ id: `object-${idOf(each.object)}`, html: card(each, at) })),
};

const idOf = (object: string): string => createHash('sha256').update(object).digest('hex').slice(0, 12);

function card(view: ObjectView, at: Date): Html {
  const { object, host, autonomy, trouble, picture } = view;
  return html`<article class="card object ${!picture && 'bare'}">
    <header>
      <h3>${object} <small>on ${host}</small></h3>
      <b class="badge dull">${autonomies[autonomy]}</b>
    </header>
    ${trouble && html`<p class="trouble">${trouble}${picture && view.lookedAt && html` (the picture is of ${ago(view.lookedAt, at)})`}</p>`}
    ${picture && plots(picture)}
    <dl>${facts(view, at)}</dl>
  </article>`;
}

const autonomies: Record<ObjectView['autonomy'], string> = {
  forecast: 'only forecast',
  ask: 'asks before it resizes',
  act: 'resizes by itself',
};

/** A page is looked at each second, and a picture is another one only after a look at its object. */
const drawn = new WeakMap<LoadPicture, Html>();

/** One for a wide screen and one for a phone: letters do not shrink with the picture. */
function plots(picture: LoadPicture): Html {
  const before = drawn.get(picture);
  if (before) return before;
  const plot = (width: number, height: number) => new Html(loadPlot(picture, { width, height }));
  const both = html`<div class="plot wide">${plot(700, 300)}</div>
    <div class="plot narrow">${plot(340, 230)}</div>`;
  drawn.set(picture, both);
  return both;
}

function facts({ size, min, max, unit, model, ratio, why, caution, decision, saidAt }: ObjectView, at: Date): Html[] {
  const bounds = `${unit === 'bytes' ? formatSize(min, unit) : min} to ${formatSize(max, unit)} allowed`;
  const now = size === undefined ? 'not known' : size === null ? 'no limit' : formatSize(size, unit);
  const rows = [fact('Size', html`<strong>${now}</strong>`, bounds)];
  if (saidAt === undefined) return [...rows, fact('Forecast', html`none was published yet`)];
  if (decision) {
    const { desired, done, rule, reason } = decision;
    const became = desired === size ? 'as it is' : done ? 'done' : 'not done';
    const by = rule === 'predictive' ? 'by the forecast' : 'by the load of now';
    rows.push(fact('Recommended', html`<strong>${formatSize(desired, unit)}</strong> ${by}, ${became}`, reason));
  }
  if (model !== undefined) rows.push(fact('Model', html`<strong>${model}</strong> ${against(ratio)}`, why));
  if (caution !== undefined) rows.push(fact('Caution', html`<span class="caution">${caution}</span>`));
  return [...rows, fact('Made', ago(saidAt, at))];
}

/** A ratio of errors in words. */
function against(ratio: number | undefined): string {
  if (ratio === undefined) return '';
  const percent = Math.round(100 * Math.abs(1 - ratio));
  if (percent === 0) return 'errs as much as seasonal naive';
  return `errs ${percent} % ${ratio < 1 ? 'less' : 'more'} than seasonal naive`;
}
