import type { PlotSize } from './loadPlot';
import { endOf, momentsOf, mostOf, sinceZero, type OutagePicture } from './outagePicture';
import { at, escaped } from './svg';
import { valueTicks } from './ticks';

const margin = { left: 46, right: 12, top: 26, bottom: 24 };
const rowHeight = 15;
const inks = { acknowledged: '#2c8a57', missed: '#c0392b', phase: '#1f77d0' };

interface Scale {
  x: (atMs: number) => number;
  y: (count: number) => number;
  bottom: number;
  right: number;
}

/**
 * Writes for each tenth of a second around a failure, as SVG: what was acknowledged, what was not, the longest gap and what
 * happened when. Pure, and without a style of its own beside attributes, as loadPlot.
 */
export function outagePlot(picture: OutagePicture, size: PlotSize = { width: 720, height: 240 }): string {
  const rows = picture.phases.length;
  const bottom = size.height - margin.bottom - rows * rowHeight;
  const scale = scaleOf(picture, size.width, bottom);
  const parts = [
    ...(picture.gap ? [gapShape(picture, picture.gap, scale)] : []),
    ...axes(picture, scale),
    ...bars(picture, scale),
    ...picture.phases.flatMap((phase, index) => [
      phaseMark(scale, phase.atMs, index),
      `<text x="${margin.left}" y="${at(bottom + margin.bottom + (index + 1) * rowHeight - 6)}" fill="currentColor">${index + 1}  ${escaped(`${sinceZero(picture, phase.atMs)}  ${phase.what}`)}</text>`,
    ]),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="100%" role="img"`,
    ` font-family="system-ui, sans-serif" font-size="11" fill="none" color="#56616a"><title>${escaped(picture.title)}</title>`,
    ...parts,
    '</svg>',
  ].join('\n');
}

function scaleOf(picture: OutagePicture, width: number, bottom: number): Scale {
  const { startMs } = picture;
  const [lengthMs, most] = [endOf(picture) - startMs, mostOf(picture)];
  const right = width - margin.right;
  const within = (x: number) => Math.min(right, Math.max(margin.left, x));
  return {
    ...{ bottom, right },
    x: (atMs) => within(margin.left + ((atMs - startMs) / lengthMs) * (right - margin.left)),
    y: (count) => bottom - (count / most) * (bottom - margin.top),
  };
}

function axes(picture: OutagePicture, { x, y, bottom, right }: Scale): string[] {
  const counts = valueTicks(0, mostOf(picture), 3).map(
    (count) =>
      `<path d="M${margin.left} ${at(y(count))}H${right}" stroke="currentColor" stroke-opacity="${count === 0 ? 0.5 : 0.15}"/>` +
      `<text x="${margin.left - 6}" y="${at(y(count) + 4)}" text-anchor="end" fill="currentColor">${Number(count.toFixed(2))}</text>`,
  );
  const moments = momentsOf(picture, Math.max(2, Math.floor((right - margin.left) / 60))).map(
    ({ atMs, label }) =>
      `<text x="${at(x(atMs))}" y="${at(bottom + 15)}" text-anchor="middle" fill="currentColor">${label}</text>`,
  );
  const says = `writes in ${picture.stepMs} ms`;
  return [...counts, ...moments, `<text x="4" y="14" fill="currentColor">${says}</text>`];
}

function bars(picture: OutagePicture, { x, y, bottom }: Scale): string[] {
  const { startMs, stepMs, acknowledged, missed } = picture;
  const shape = (ink: string, spans: readonly (readonly [from: number, to: number])[]) => {
    const path = spans.map(([from, to], step) => {
      if (to === from) return '';
      const [left, right] = [at(x(startMs + step * stepMs)), at(x(startMs + (step + 1) * stepMs))];
      return `M${left} ${at(y(from))}V${at(y(to))}H${right}V${at(y(from))}Z`;
    });
    return `<path d="${path.join('') || `M${margin.left} ${at(bottom)}`}" fill="${ink}" fill-opacity="0.75"/>`;
  };
  return [
    shape(
      inks.acknowledged,
      acknowledged.map((count) => [0, count]),
    ),
    shape(
      inks.missed,
      missed.map((count, step) => [acknowledged[step]!, acknowledged[step]! + count]),
    ),
  ];
}

function gapShape(picture: OutagePicture, { fromMs, toMs }: { fromMs: number; toMs: number }, scale: Scale): string {
  const [left, right] = [at(scale.x(fromMs)), at(scale.x(toMs))];
  const words = `no write for ${sinceZero({ ...picture, phases: [{ atMs: fromMs, what: '' }] }, toMs).slice(1)}`;
  const anchor = (left + right) / 2 > (margin.left + scale.right) / 2 ? 'end' : 'start';
  return (
    `<path d="M${left} ${margin.top - 6}H${right}V${at(scale.bottom)}H${left}Z" fill="${inks.missed}" fill-opacity="0.12"/>` +
    `<text x="${anchor === 'end' ? right : left}" y="${margin.top - 10}" text-anchor="${anchor}" fill="${inks.missed}">${words}</text>`
  );
}

const phaseMark = ({ x, bottom }: Scale, atMs: number, index: number): string =>
  `<path d="M${at(x(atMs))} ${margin.top}V${at(bottom)}" stroke="${inks.phase}" stroke-dasharray="2 3"/>` +
  `<text x="${at(x(atMs) + 2)}" y="${margin.top + 8 + (index % 6) * 11}" fill="${inks.phase}">${index + 1}</text>`;
